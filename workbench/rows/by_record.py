"""Samples by number of events, by traded volume, and by trade; each book is sampled by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.feeds.base import Chunk
from lobench.engine.market import book_key
from lobench.engine.native import int64, view
from lobench.engine.picking import Places, Records
from lobench.engine.records import MBO, TRADE
from lobench.engine.replay import SLICE
from lobench.engine.rows import Rows
from lobench.workbench.rows.numbering import Numbers, Table, number_of

KINDS: Final = ("events", "volume", "trade")
EVENTS, VOLUME, TRADES = range(3)


class ByRecord:
    """A sample of one of ``KINDS``. ``step``: events, traded units or trades of a book from one row to the next."""

    slice_records = SLICE

    def __init__(self, kind: str, step: int) -> None:
        self._kind, self._step = KINDS.index(kind), step
        self._books = Numbers()
        self._totals, self._next = self._room()

    def _room(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        return np.zeros(self._books.room, np.int64), np.full(self._books.room, self._step)

    def pick(self, part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, None]:
        records = part.address, part.stride, part.count, *flags
        done = found = 0
        while True:
            done, found = _choose(
                self._kind,
                self._step,
                records,
                self._books.table,
                self._totals,
                self._next,
                places,
                done,
                found,
            )
            if done == part.count:
                return found, None
            self._grow()

    def take(self, rows: Rows) -> Iterator[Rows]:
        yield rows

    def finish(self) -> Iterator[Rows]:
        yield from ()

    def _grow(self) -> None:
        known = len(self._books)
        self._books.grow()
        totals, following = self._room()
        totals[:known], following[:known] = self._totals, self._next
        self._totals, self._next = totals, following


@entry
def _choose(
    kind: int,
    step: int,
    records: Records,
    table: Table,
    totals: npt.NDArray[np.int64],
    following: npt.NDArray[np.int64],
    places: Places,
    done: int,
    found: int,
) -> tuple[int, int]:
    """Process the records from number ``done`` on, until the end or until there is no room for a new book. Returns how
    many records are done and how many rows were found so far.

    By book, ``totals``: events, units or trades; ``following``: the total at which the next row is due.
    """
    address, stride, count, mask, value = records
    book, latest = int64(-1), int64(-1)
    for index in range(done, count):
        event = view(address + index * stride, MBO)
        key = book_key(event["instrument_id"], event["publisher_id"])
        # Consecutive records are often of the same book.
        if key != latest:
            book, latest = number_of(*table, key), key
        if book < 0:
            return index, found
        if kind == EVENTS:
            totals[book] += 1
        elif event["action"] == TRADE:
            totals[book] += int64(event["size"]) if kind == VOLUME else 1
        places[index] = -1
        if (int64(event["flags"]) & mask) == value and totals[book] >= following[book]:
            following[book] = (totals[book] // step + 1) * step
            places[index] = found
            found += 1
    return count, found
