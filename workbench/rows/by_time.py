"""Samples by time: the last state of every book at the end of each interval.

A book's state at the end of an interval is its last row in it, or the one before. So of a slice of records those rows
are picked that are a book's last in their interval, or in the slice; the states at the ends of intervals are taken from
these, and from those that are held since earlier slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.feeds.base import Chunk
from lobench.engine.native import int64, view
from lobench.engine.picking import Places
from lobench.engine.records import MBO
from lobench.engine.replay import SLICE
from lobench.engine.rows import Rows, joined
from lobench.workbench.rows.numbering import Numbers, book_key_of, number_of

Integers = npt.NDArray[np.int64]

CLOSED: Final = 30 * 60 * 10**9
"""Nanoseconds without any evaluation of the feed after which the market was closed."""
UNSEEN: Final = -1
_ROOM: Final = 1 << 16
"""States that come out at once."""
CLOCK, BEGIN, CHANGES = range(3)
"""Of the clock: its time, -1 before the first; when its interval began; how often it has left one in this slice."""


class Sampled(Rows):
    """Rows of a sample by time. ``ends``: int64, nanoseconds, the end of each row's interval; ``filled``: uint8, 1
    where the book had no evaluation in it."""

    def __init__(self, rows: Rows, ends: Integers, filled: npt.NDArray[np.uint8]) -> None:
        super().__init__(rows.heads, rows.features, rows.levels, rows.names)
        self.ends, self.filled = ends, filled

    def some(self, chosen: Integers) -> Sampled:
        return Sampled(super().some(chosen), self.ends[chosen], self.filled[chosen])


class _Ends(NamedTuple):
    """What is known of a slice's rows when they are picked: each one's book, by number, and how many intervals of the
    slice end before it; of each change the first interval that ends, and the one that then begins; and the number of
    books."""

    books: Integers
    changes: Integers
    firsts: Integers
    stops: Integers
    known: int


class ByTime:
    """Intervals of ``step`` nanoseconds; ``nothing``: no rows, as they are made."""

    slice_records = SLICE

    def __init__(self, step: int, nothing: Rows) -> None:
        self._step = step
        # Of the records that were picked.
        self._books = Numbers()
        self._last = np.full(self._books.room, -1)
        self._clock = np.array([-1, 0, 0])
        self._scratch = np.zeros((4, 0), np.int64)
        # Of the rows that were taken.
        self._held = nothing
        self._newest = np.zeros(0, np.int64)
        self._fresh = np.zeros(0, np.uint8)
        self._index = np.zeros(_ROOM, np.int64)
        self._ends = np.zeros(_ROOM, np.int64)
        self._filled = np.zeros(_ROOM, np.uint8)

    def pick(self, part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, _Ends]:
        if self._scratch.shape[1] < len(places):
            self._scratch = np.zeros((4, len(places)), np.int64)
        changes, firsts, stops, books = self._scratch
        records = part.address, part.stride
        self._clock[CHANGES] = done = 0
        while True:
            done = _mark(
                self._step,
                *records,
                part.count,
                *flags,
                *self._books.table,
                self._last,
                self._clock,
                changes,
                firsts,
                stops,
                places,
                done,
            )
            if done == part.count:
                break
            self._grow()
        count = _place(*records, part.count, *self._books.table, self._last, changes, books, places)
        ended = int(self._clock[CHANGES])
        return count, _Ends(
            books[:count].copy(),
            changes[:count].copy(),
            firsts[:ended].copy(),
            stops[:ended].copy(),
            len(self._books),
        )

    def take(self, rows: Rows) -> Iterator[Rows]:
        note: _Ends = rows.note
        more = note.known - len(self._newest)
        # A state is a row of ``source``: one of the slice's, or after those the one that is held of each book.
        source = joined([rows, self._held])
        held = np.arange(len(self._newest)) + len(rows)
        self._newest = np.concatenate([np.where(self._newest == UNSEEN, UNSEEN, held), np.full(more, UNSEEN)])
        self._fresh = np.concatenate([self._fresh, np.zeros(more, np.uint8)])
        place = np.zeros(4, np.int64)
        while True:
            count = _pass(
                self._step, *note[:4], place, self._newest, self._fresh, self._index, self._ends, self._filled
            )
            if count:
                made = source.some(self._index[:count])
                yield Sampled(made, self._ends[:count].copy(), self._filled[:count].copy())
            if place[0] == len(rows):
                break
        self._held = source.some(self._newest)

    def finish(self) -> Iterator[Rows]:
        clock = int(self._clock[CLOCK])
        if clock >= 0:
            known = np.flatnonzero(self._newest != UNSEEN)
            ends = np.full(len(known), (clock // self._step + 1) * self._step, np.int64)
            yield Sampled(self._held.some(known), ends, 1 - self._fresh[known])

    def _grow(self) -> None:
        known = len(self._books)
        self._books.grow()
        last = np.full(self._books.room, -1)
        last[:known] = self._last[:known]
        self._last = last


@entry
def _mark(
    step: int,
    address: int,
    stride: int,
    count: int,
    mask: int,
    value: int,
    slots: Integers,
    known: Integers,
    books: Integers,
    last: Integers,
    clock: Integers,
    changes: Integers,
    firsts: Integers,
    stops: Integers,
    places: Places,
    done: int,
) -> int:
    """Go through the records from ``done`` on, until all are or a new book finds no room; returns how many are done. A
    place of 0 marks a row that is its book's last in an interval.

    ``last``: by book the last record of the slice that was evaluated, -1 for none; ``changes``: by such a record, how
    often the clock had left an interval; ``firsts``, ``stops``: each time, the first interval that ends, and the one
    not to fill any more.
    """
    time, begin, changed = clock[CLOCK], clock[BEGIN], clock[CHANGES]
    index, book, latest = done, int64(-1), int64(-1)
    while index < count:
        event = view(address + index * stride, MBO)
        places[index] = -1
        if (int64(event["flags"]) & mask) == value:
            key = book_key_of(event)
            # Often the same again.
            if key != latest:
                book, latest = number_of(slots, known, books, key), key
            if book < 0:
                break
            now = max(int64(event["ts_event"]), time)
            if now - begin >= step:
                if time >= 0:
                    firsts[changed] = begin // step
                    # No state goes on through a time in which the market is closed.
                    stops[changed] = firsts[changed] + 1 if now - time >= CLOSED else now // step
                    changed += 1
                begin = now // step * step
            time = now
            before = last[book]
            if before >= 0 and changes[before] != changed:
                places[before] = 0
            last[book] = index
            changes[index] = changed
        index += 1
    clock[CLOCK], clock[BEGIN], clock[CHANGES] = time, begin, changed
    return index


@entry
def _place(
    address: int,
    stride: int,
    count: int,
    slots: Integers,
    known: Integers,
    books: Integers,
    last: Integers,
    changes: Integers,
    numbers: Integers,
    places: Places,
) -> int:
    """Give the rows their places, with those that are their book's last in the slice; returns how many there are.
    ``numbers`` of their books, and their ``changes``, are by place afterwards."""
    for book in range(books[0]):
        if last[book] >= 0:
            places[last[book]] = 0
            last[book] = -1
    found = 0
    for index in range(count):
        if places[index] >= 0:
            places[index] = found
            numbers[found] = number_of(slots, known, books, book_key_of(view(address + index * stride, MBO)))
            changes[found] = changes[index]
            found += 1
    return found


@entry
def _pass(
    step: int,
    books: Integers,
    changes: Integers,
    firsts: Integers,
    stops: Integers,
    place: Integers,
    newest: Integers,
    fresh: npt.NDArray[np.uint8],
    index: Integers,
    ends: Integers,
    filled: npt.NDArray[np.uint8],
) -> int:
    """Go through the rows of a slice, until all are done or the room for what comes out is full; returns how many
    states were written.

    By book: ``newest``, which row is its state, and ``fresh``, whether that is of this interval. ``place``: where to go
    on: the row; of the changes before it which one, how many of its intervals are done, and the next book of the
    present one. ``index``, ``ends``, ``filled``: the states, as ``newest`` has them.
    """
    row, change, interval, book = place[0], place[1], place[2], place[3]
    count = 0
    while row < len(books):
        while change < changes[row]:
            while firsts[change] + interval < stops[change]:
                while book < len(newest) and count < len(index):
                    if newest[book] != UNSEEN:
                        index[count], ends[count] = newest[book], (firsts[change] + interval + 1) * step
                        filled[count] = 1 - fresh[book]
                        fresh[book] = 0
                        count += 1
                    book += 1
                if book < len(newest):
                    place[0], place[1], place[2], place[3] = row, change, interval, book
                    return count
                interval, book = interval + 1, 0
            change, interval = change + 1, 0
        newest[books[row]] = row
        fresh[books[row]] = 1
        row += 1
    place[0] = row
    return count
