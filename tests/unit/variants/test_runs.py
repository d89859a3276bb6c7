"""Accounts that follow a run of signals all at once keep the books of those that follow them one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lobench.engine.backtest import follow, settle
from lobench.engine.compiling import entry
from lobench.engine.layout import BACKTEST
from lobench.engine.native import uint64, view
from lobench.variants.p6_simd.columns import GRAIN, ROWS, STRIDE
from lobench.variants.p6_simd.runs import build_ends
from tests.conftest import examples

pytestmark = pytest.mark.normal

MIDS = np.dtype([("mid", "f8", (64,))])
BOOKS = np.dtype([("book", "i8", (STRIDE,))])
_ends = build_ends(BOOKS)


@entry
def follow_run(account: int, buys: int, sells: int, rows: int, mids: int) -> None:
    follow(view(account, BACKTEST), uint64(buys), uint64(sells), uint64(rows), view(mids, MIDS))


@entry
def settle_row(account: int, signal: int, mid: float) -> None:
    settle(view(account, BACKTEST), signal, mid)


@entry
def ends_of(block: int, rows: int, count: int) -> int:
    return _ends(block, rows, count)


def bits(flags: list[bool]) -> np.uint64:
    return np.uint64(sum(1 << index for index, flag in enumerate(flags) if flag))


PRICES = st.one_of(st.just(math.nan), st.floats(0.01, 1e6), st.integers(1, 100).map(float))
ROW = st.tuples(st.sampled_from((-1, 0, 0, 1)), PRICES)


@settings(max_examples=examples(500), deadline=None)
@given(
    st.sampled_from((-1, 0, 1)),
    st.floats(-1e9, 1e9),
    st.lists(ROW, min_size=1, max_size=64),
    st.integers(0, 63),
    st.integers(0, 63),
)
@example(1, 0.0, [(1, 2.0)] * 64, 0, 63)
@example(-1, 0.0, [(1, 2.0), (-1, 3.0)] * 32, 0, 63)
@example(0, 1.0, [(0, 5.0)] * 64, 63, 63)
def test_a_run_is_followed_as_its_rows_are(
    position: int, cash: float, rows: list[tuple[int, float]], first: int, last: int
) -> None:
    # Signals outside the run do not change its accounts.
    run = [first <= index <= last and not math.isnan(mid) for index, (_, mid) in enumerate(rows)]
    buys = bits([inside and signal > 0 for inside, (signal, _) in zip(run, rows, strict=True)])
    sells = bits([inside and signal < 0 for inside, (signal, _) in zip(run, rows, strict=True)])
    mids = np.zeros(1, MIDS)
    mids["mid"][0, : len(rows)] = [mid for _, mid in rows]
    accounts: Any = np.zeros(2, BACKTEST)
    accounts["position"], accounts["cash"], accounts["equity"], accounts["trades"] = position, cash, 7.0, 3
    together, singly = (int(accounts.ctypes.data) + place * BACKTEST.itemsize for place in range(2))
    follow_run(together, buys, sells, bits(run), mids.ctypes.data)
    for signal, mid in rows[first : last + 1]:
        settle_row(singly, signal, mid)
    assert accounts[0].tobytes() == accounts[1].tobytes()


@settings(deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=ROWS), st.lists(st.integers(1, 3), min_size=STRIDE))
def test_a_run_ends_where_the_next_row_is_another_books(books: list[int], garbage: list[int]) -> None:
    block = np.zeros(1, BOOKS)
    block["book"][0] = garbage[:STRIDE]
    block["book"][0, : len(books)] = books
    rows = -(-len(books) // GRAIN) * GRAIN
    expected = [book != after for book, after in zip(books, [*books[1:], 0], strict=True)]
    assert np.uint64(ends_of(block.ctypes.data, rows, len(books))) == bits(expected)
