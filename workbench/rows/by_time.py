"""Samples by time: the last state of every book at the end of each interval.

A book's state at the end of an interval is its last row in or before that interval. So only those records of a slice
become rows that are a book's last in an interval or in the slice. The states at the ends of intervals are taken from
these rows and from the last rows of earlier slices, which are held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.feeds.base import Chunk
from lobench.engine.market import book_key
from lobench.engine.native import int64, view
from lobench.engine.picking import GROUP, Places, Records, any_place
from lobench.engine.records import MBO
from lobench.engine.replay import SLICE
from lobench.engine.rows import Rows, joined
from lobench.workbench.rows.numbering import Numbers, Table, number_of

Integers = npt.NDArray[np.int64]

CLOSED: Final = 30 * 60 * 10**9
"""Nanoseconds without an evaluation in the whole feed after which the market counts as closed."""
UNSEEN: Final = -1
_ROOM: Final = 1 << 16
"""The most states that are output at a time."""
CLOCK, BEGIN, CHANGES = range(3)
"""Fields of the clock: its time, -1 before the first evaluation; the start of its interval; how often it has entered a
new interval in this slice."""


class Sampled(Rows):
    """Rows of a sample by time. ``ends``: int64, nanoseconds, the end of each row's interval; ``filled``: uint8, 1 if
    the book had no evaluation in that interval."""

    def __init__(self, rows: Rows, ends: Integers, filled: npt.NDArray[np.uint8]) -> None:
        super().__init__(rows.heads, rows.features, rows.levels, rows.names)
        self.ends, self.filled = ends, filled

    def some(self, chosen: Integers) -> Sampled:
        return Sampled(super().some(chosen), self.ends[chosen], self.filled[chosen])


class _Ends(NamedTuple):
    """Facts about a slice's rows, recorded when they are picked. ``books``: each row's book, by number; ``changes``:
    how many changes of interval precede each row; ``firsts``, ``stops``: for each change, the first interval that ends,
    and the first one not to output; ``known``: the number of books so far."""

    books: Integers
    changes: Integers
    firsts: Integers
    stops: Integers
    known: int


class ByTime:
    """Intervals of ``step`` nanoseconds. ``nothing``: an empty ``Rows`` of the right columns."""

    slice_records = SLICE

    def __init__(self, step: int, nothing: Rows) -> None:
        self._step = step
        # State after the last slice that was picked.
        self._books = Numbers()
        self._last = np.full(self._books.room, -1)
        self._clock = np.array([-1, 0, 0])
        self._scratch = np.zeros((4, 0), np.int64)
        # State after the last rows that were taken.
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
        records = part.address, part.stride, part.count, *flags
        self._clock[CHANGES] = done = 0
        while True:
            done = _mark(
                self._step,
                records,
                self._books.table,
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
        count = _place(records, self._books.table, self._last, changes, books, places)
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
        # States are rows of ``source``: first the slice's rows, then the held row of each book.
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
    records: Records,
    table: Table,
    last: Integers,
    clock: Integers,
    changes: Integers,
    firsts: Integers,
    stops: Integers,
    places: Places,
    done: int,
) -> int:
    """Process the records from number ``done`` on, until the end or until there is no room for a new book. Returns how
    many records are done. A place of 0 marks a record that is its book's last in an interval.

    ``last``: by book, its last evaluated record of the slice, -1 for none; ``changes``: by evaluated record, how many
    changes of interval preceded it; ``firsts``, ``stops``: for each change, the first interval that ends, and the first
    one not to output.
    """
    address, stride, count, mask, value = records
    time, begin, changed = clock[CLOCK], clock[BEGIN], clock[CHANGES]
    index, book, latest = done, int64(-1), int64(-1)
    while index < count:
        event = view(address + index * stride, MBO)
        places[index] = -1
        if (int64(event["flags"]) & mask) == value:
            key = book_key(event["instrument_id"], event["publisher_id"])
            # Consecutive records are often of the same book.
            if key != latest:
                book, latest = number_of(*table, key), key
            if book < 0:
                break
            now = max(int64(event["ts_event"]), time)
            if now - begin >= step:
                if time >= 0:
                    firsts[changed] = begin // step
                    # States are not filled in while the market is closed.
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
    records: Records,
    table: Table,
    last: Integers,
    changes: Integers,
    numbers: Integers,
    places: Places,
) -> int:
    """Number the marked rows, to which each book's last record in the slice is added. Returns how many there are.
    Afterwards ``numbers``, the rows' books, and ``changes`` are indexed by row."""
    address, stride, count, _, _ = records
    _, _, books = table
    for book in range(books[0]):
        if last[book] >= 0:
            places[last[book]] = 0
            last[book] = -1
    found = 0
    words = places.view(np.int64)
    for group in range(0, count, GROUP):
        if any_place(words, group):
            for index in range(group, min(group + GROUP, count)):
                if places[index] >= 0:
                    places[index] = found
                    event = view(address + index * stride, MBO)
                    key = book_key(event["instrument_id"], event["publisher_id"])
                    numbers[found] = number_of(*table, key)
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
    """Process the rows of a slice, until the end or until the output is full. Returns how many states were written.

    By book, ``newest``: the row that is its state; ``fresh``: whether that row is in the current interval. ``place``:
    where to continue: the row, the change of interval before it, how many intervals of that change are done, and the
    next book of the current interval. Output: ``index``, the states' rows as in ``newest``; ``ends``, ``filled``.
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
