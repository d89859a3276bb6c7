"""Variants of users that are subtly wrong, and the results that they should have, from the oracle."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import load, open_feed
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.records import ADD, ASK, BID, CANCEL, F_LAST

FEED = "synth:liquid-future,n=20000,anomalies=0.01"

FORGETFUL = '''"""Finds every order but one."""

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.policy import Lookup
from lobench.variants import p4_hash_lookup
from lobench.variants.p4_hash_lookup import HASH

FORGOTTEN = np.int64({order_id})
find_any = HASH.find


@kernel
def find(book, order_id, probe):
    found = find_any(book, order_id, probe)
    if order_id == FORGOTTEN:
        found = np.int64(0)
    return found


LOOKUP = Lookup(name="forgetful", find=find, insert=HASH.insert, move=HASH.move, erase=HASH.erase)

VARIANT = p4_hash_lookup.VARIANT.derive("forgets one order", lookup=LOOKUP)
'''

INEXACT = '''"""Strategies see a micro price that is one ulp too high."""

from dataclasses import replace

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.policy import Features
from lobench.variants import p4_hash_lookup
from lobench.variants.p3_indexed_features import INDEXED


def build(names):
    exact = INDEXED.build(names)
    get_exact = exact.get
    place = names.index("micro_price")

    @kernel
    def get(store, index, probe):
        value = get_exact(store, index, probe)
        return np.nextafter(value, np.inf) if index == place else value

    return replace(exact, get=get)


VARIANT = p4_hash_lookup.VARIANT.derive("one ulp", features=Features(name="inexact", build=build))
'''


@dataclass(frozen=True)
class Mistake:
    """The effect of one forgotten order: the record where it shows first, and the book and its features after it."""

    order_id: int
    record: int
    event: dict[str, int]
    before: dict[str, Any]
    expected: dict[str, Any]
    actual: dict[str, Any]
    features: list[dict[str, Any]]
    kinds: set[str]


def write_forgetful(folder: Path) -> Path:
    path = folder / "forgetful.py"
    # Kernels have signed 64-bit ids.
    path.write_text(FORGETFUL.format(order_id=np.uint64(mistake().order_id).astype(np.int64)))
    return path


def write_inexact(folder: Path) -> Path:
    path = folder / "inexact.py"
    path.write_text(INEXACT)
    return path


@cache
def feed_records() -> npt.NDArray[np.void]:
    return load(open_feed([FEED])).records


@cache
def mistake() -> Mistake:
    """An order that is added, is among the best levels of its side, and is cancelled: the cancel is not done.

    This equals a replay in which the cancel has an unknown id.
    """
    records = feed_records()
    record = next(_cancels(records))
    other = records[: record + 1].copy()
    other["order_id"][record] = 2**63
    book = (int(records["instrument_id"][record]), int(records["publisher_id"][record]))
    before, expected, actual = _replay(records[:record]), _replay(records[: record + 1]), _replay(other)
    ends = [oracle.finish() for oracle in (expected, actual)]
    kinds = {name for name in ("books", "features", "strategies") if len({getattr(e.digests, name) for e in ends}) > 1}
    rows = [_newest(oracle, book) for oracle in (expected, actual)]
    differing = [
        {"name": name, "expected": finite(one), "actual": finite(two)}
        for name, one, two in zip(FEATURES, *rows, strict=True)
        if np.float64(one).tobytes() != np.float64(two).tobytes() and not (math.isnan(one) and math.isnan(two))
    ]
    return Mistake(
        order_id=int(records["order_id"][record]),
        record=record,
        event={name: int(records[name][record]) for name in records.dtype.names or ()},
        before=_sides(before, book),
        expected=_sides(expected, book),
        actual=_sides(actual, book),
        features=differing,
        kinds=kinds | ({"anomalies"} if ends[0].anomalies != ends[1].anomalies else set()),
    )


def first_micro_price() -> tuple[int, float]:
    """The record whose evaluation is the first with a micro price, and that price."""
    oracle = Oracle(keep_rows=True)
    records = feed_records()
    for index in range(len(records)):
        oracle.apply(records[index : index + 1])
        if oracle.rows and math.isfinite(oracle.rows[-1][3][1]):
            return index, oracle.rows[-1][3][1]
    raise AssertionError("the feed has no micro price")


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cancels(records: npt.NDArray[np.void]) -> Iterator[int]:
    """Records that cancel the whole of an order in the best level, whose id no other record but its add names."""
    ids, counts = np.unique(records["order_id"], return_counts=True)
    twice = set(ids[counts == 2].tolist())
    oracle = Oracle()
    done = 0
    for index in np.flatnonzero(records["action"] == CANCEL).tolist():
        record = records[index]
        if index < 6000 or int(record["order_id"]) not in twice or not record["flags"] & F_LAST:
            continue
        added = int(np.argmax(records["order_id"] == record["order_id"]))
        if records["action"][added] != ADD or records["size"][added] != record["size"] or not record["size"]:
            continue
        oracle.apply(records[done:index])
        done = index
        book = oracle.book(int(record["instrument_id"]), int(record["publisher_id"]))
        if book and int(record["order_id"]) in book.orders and book.best_price(int(record["side"])) == record["price"]:
            yield index


def _replay(records: npt.NDArray[np.void]) -> Oracle:
    oracle = Oracle(keep_rows=True)
    oracle.apply(records)
    return oracle


def _newest(oracle: Oracle, book: tuple[int, int]) -> tuple[float, ...]:
    return next(row[3] for row in reversed(oracle.rows) if row[1:3] == book)


def _sides(oracle: Oracle, book: tuple[int, int]) -> dict[str, Any]:
    """The ten best levels of both sides, as JSON has them."""
    found = oracle.book(*book)
    assert found is not None
    sides = {"bids": found.levels(BID)[:10], "asks": found.levels(ASK)[:10]}
    return {
        side: [[price, size, count, [list(order) for order in orders]] for price, size, count, orders in levels]
        for side, levels in sides.items()
    }
