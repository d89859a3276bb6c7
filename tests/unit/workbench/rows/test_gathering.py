"""Rows of a sample, put together to pieces: none is lost, and their order stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.picking import Pick, pick_all
from lobench.engine.rows import HEADS, Rows
from lobench.workbench.rows.by_time import Sampled
from lobench.workbench.rows.gathering import ENOUGH, Gathered


def numbered(first: int, count: int, *, timed: bool) -> Rows:
    """Rows whose every number is that of the row, counted from ``first``."""
    numbers = np.arange(first, first + count)
    heads = {name: numbers.astype(kind) for name, kind in HEADS.items()}
    levels = np.zeros((count, 1), OUTPUT_LEVEL)
    levels["ask_sz"][:, 0] = numbers
    rows = Rows(heads, np.asarray([numbers.astype(float)] * 2).T, levels, ["mid_price", "spread_bps"])
    return Sampled(rows, numbers, (numbers % 2).astype(np.uint8)) if timed else rows


class Counting:
    """A sampler that adds the next rows, as many in each piece as ``take`` is handed rows."""

    slice_records = 7
    pick: Pick = staticmethod(pick_all)

    def __init__(self, *, timed: bool) -> None:
        self.made, self._timed = 0, timed

    def take(self, rows: Rows) -> Iterator[Rows]:
        for _ in range(2):
            yield self._next(len(rows))

    def finish(self) -> Iterator[Rows]:
        yield self._next(1)

    def _next(self, count: int) -> Rows:
        self.made += count
        return numbered(self.made - count, count, timed=self._timed)


@pytest.mark.parametrize("timed", [False, True])
def test_few_rows_are_put_together(timed: bool) -> None:
    counting = Counting(timed=timed)
    gathered = Gathered(counting)
    assert gathered.slice_records == 7
    pieces = [
        piece for count in (0, 900, 1_500, 0, 5_000, 20) for piece in gathered.take(numbered(0, count, timed=timed))
    ]
    pieces += gathered.finish()
    assert [len(piece) for piece in pieces] == [900 * 2 + 1_500 * 2, 5_000, 5_000, 41]
    assert all(len(piece) >= ENOUGH for piece in pieces[:-1])
    found = {name: np.concatenate([piece.heads[name] for piece in pieces]) for name in HEADS}
    expected = np.arange(counting.made)
    assert np.array_equal(found["record"], expected)
    assert np.array_equal(np.concatenate([piece.column("spread_bps") for piece in pieces]), expected)
    assert np.array_equal(np.concatenate([piece.levels["ask_sz"][:, 0] for piece in pieces]), expected)
    marked = [piece for piece in pieces if isinstance(piece, Sampled)]
    assert len(marked) == (len(pieces) if timed else 0)
    if timed:
        assert np.array_equal(np.concatenate([piece.ends for piece in marked]), expected)
        assert np.array_equal(np.concatenate([piece.filled for piece in marked]), expected % 2)


@pytest.mark.parametrize("timed", [False, True])
def test_nothing_is_passed_on_of_nothing(timed: bool) -> None:
    class Empty(Counting):
        def finish(self) -> Iterator[Rows]:
            yield from ()

    gathered = Gathered(Empty(timed=timed))
    assert [*gathered.take(numbered(0, 0, timed=timed)), *gathered.finish()] == []
