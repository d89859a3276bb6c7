"""The evaluations that become rows: all, or a sample by time, events, volume, trades or changes of the best prices.

``1s`` (``100ms``, ``5m``, any whole number of ns, us, ms, s, m, h): for every book its state at the end of each
interval, intervals counted from 1970. The clock is ``ts_event`` of the feed's evaluations and never goes back. A book
without an evaluation in an interval keeps its last state, and the row is marked as filled. If the whole feed is silent
for ``CLOSED`` or longer, the market is closed: nothing is filled there. The last interval of a feed, and of a session,
ends with it.

``1000e``, ``10000v``: the first evaluation of a book at or after each 1,000 of its events, or each 10,000 units of its
trades (records of T). ``trade``: the first at or after each such record; ``bbo``: each evaluation at which price or
size of the best bid or ask differs from the book's last one.

Sampling changes no computation: books, trackers, strategies and the trace are those of the whole replay, and a row has
the same values as without sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.layout import HEAD, OUTPUT_LEVEL
from lobench.engine.records import TRADE
from lobench.engine.registry import FEATURES
from lobench.engine.rows import Rows
from lobench.workbench.rows.numbering import Numbers, book_keys
from lobench.workbench.rows.sample import Sample

CLOSED: Final = 30 * 60 * 10**9
"""Nanoseconds without any evaluation of the feed after which the market was closed."""

_MODES = ("events", "volume", "trade", "bbo")
EVENTS, VOLUME, TRADES, BBO = range(4)
_EVENT_NUMBER = "event_number"
UNSEEN: Final = -(2**63)
"""The state of a book that was never evaluated."""
_ROOM: Final = 1 << 16
"""Rows that are filled at once."""


class Sampled(Rows):
    """Rows of a sample by time. ``ends``: int64, nanoseconds, the end of each row's interval; ``filled``: uint8, 1
    where the book had no evaluation in it."""

    def __init__(
        self,
        heads: npt.NDArray[np.void],
        features: npt.NDArray[np.float64],
        levels: npt.NDArray[np.void],
        *,
        ends: npt.NDArray[np.int64],
        filled: npt.NDArray[np.uint8],
    ) -> None:
        super().__init__(heads, features, levels)
        self.ends, self.filled = ends, filled


class Noted(NamedTuple):
    """Rows, and the sampler's columns of the trades among their slice's records, which go with the chunk."""

    rows: Rows
    trades: npt.NDArray[np.int64] | None = None
    sold: npt.NDArray[np.void] | None = None


class Sampler:
    """Takes a replay's rows, slice by slice, and yields those of the sample. ``depth``: levels of the rows."""

    def __init__(self, sample: Sample, depth: int) -> None:
        self._picker = _ByTime(sample.step, depth) if sample.timed else _ByRecord(sample)

    def note(self, rows: Rows) -> Noted:
        """While the rows' records are in memory: the input of ``take``, on any thread and later."""
        return self._picker.note(rows)

    def take(self, noted: Noted) -> Iterator[Rows]:
        """The rows of the sample that these bring, with memory of their own."""
        yield from self._picker.take(noted)

    def finish(self) -> Iterator[Rows]:
        """The remaining rows when the feed has ended."""
        yield from self._picker.finish()


class _ByRecord:
    """Samples by events, volume, trades and best prices: rows of the slice, as they are."""

    def __init__(self, sample: Sample) -> None:
        self._mode, self._step = _MODES.index(sample.kind), sample.step
        self._books = Numbers()
        self._totals = np.zeros(0, np.int64)
        self._marks = np.zeros(0, np.int64)
        self._bests = np.zeros((0, 4), np.int64)

    def note(self, rows: Rows) -> Noted:
        assert rows.records is not None, "a sample looks at the records, too"
        trades = np.flatnonzero(rows.records["action"] == TRADE)
        return Noted(rows, trades + rows.first, rows.records[trades])

    def take(self, noted: Noted) -> Iterator[Rows]:
        rows, trades, sold = noted
        assert trades is not None
        assert sold is not None
        heads = rows.heads
        of_trades = self._books.of(book_keys(sold))
        of_rows = self._books.of(book_keys(heads))
        self._grow()
        chosen = np.zeros(len(heads), np.uint8)
        quotes = np.zeros((len(heads) if self._mode == BBO else 0, 4), np.int64)
        if self._mode == BBO:
            for place, name in enumerate(("bid_px", "bid_sz", "ask_px", "ask_sz")):
                quotes[:, place] = rows.levels[name][:, 0]
        numbers = rows.column(list(FEATURES).index(_EVENT_NUMBER)).astype(np.int64)
        choose(
            self._mode,
            self._step,
            trades,
            sold["size"].astype(np.int64),
            of_trades,
            heads["record"].astype(np.int64),
            of_rows,
            numbers,
            quotes,
            self._totals,
            self._marks,
            self._bests,
            chosen,
        )
        wanted = np.flatnonzero(chosen)
        if len(wanted):
            yield Rows(*rows.some(wanted))

    def finish(self) -> Iterator[Rows]:
        yield from ()

    def _grow(self) -> None:
        more = len(self._books) - len(self._totals)
        if more > 0:
            self._totals = np.concatenate([self._totals, np.zeros(more, np.int64)])
            self._marks = np.concatenate([self._marks, np.zeros(more, np.int64)])
            # No book has a size of -1, so its first evaluation differs.
            self._bests = np.concatenate([self._bests, np.full((more, 4), -1, np.int64)])


@entry
def choose(
    mode: int,
    step: int,
    trades: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    of_trades: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    of_rows: npt.NDArray[np.int64],
    events: npt.NDArray[np.int64],
    quotes: npt.NDArray[np.int64],
    totals: npt.NDArray[np.int64],
    marks: npt.NDArray[np.int64],
    bests: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.uint8],
) -> None:
    """Set ``chosen`` for the rows of a slice that belong to the sample.

    ``trades``, ``rows``: record numbers, ascending; ``of_trades``, ``of_rows``: their books' numbers; ``sizes`` of
    trades; ``events`` of the row's book so far; ``quotes``: price and size of its best bid and ask, shape (n, 4). By
    book: ``totals`` of units or of trades, ``marks``: steps that rows were made of, ``bests``: the last quotes.
    """
    trade = 0
    for row in range(len(rows)):
        while trade < len(trades) and trades[trade] <= rows[row]:
            totals[of_trades[trade]] += sizes[trade] if mode == VOLUME else 1
            trade += 1
        book = of_rows[row]
        if mode == BBO:
            for place in range(4):
                if quotes[row, place] != bests[book, place]:
                    chosen[row] = 1
                bests[book, place] = quotes[row, place]
        else:
            reached = (events[row] if mode == EVENTS else totals[book]) // step
            if reached > marks[book]:
                marks[book] = reached
                chosen[row] = 1
    while trade < len(trades):
        totals[of_trades[trade]] += sizes[trade] if mode == VOLUME else 1
        trade += 1


class _ByTime:
    """Samples by time: the last state of every book at the end of each interval.

    A state is a row of the current slice, or one held from an earlier slice.
    """

    def __init__(self, step: int, depth: int) -> None:
        self._step = step
        self._books = Numbers()
        self._newest = np.zeros(0, np.int64)
        self._fresh = np.zeros(0, np.uint8)
        self._place = np.full(4, -1, np.int64)
        self._held = Rows(np.zeros(0, HEAD), np.zeros((0, len(FEATURES))), np.zeros((0, depth), OUTPUT_LEVEL))
        self._index = np.zeros(_ROOM, np.int64)
        self._ends = np.zeros(_ROOM, np.int64)
        self._filled = np.zeros(_ROOM, np.uint8)

    def note(self, rows: Rows) -> Noted:
        return Noted(rows)

    def take(self, noted: Noted) -> Iterator[Rows]:
        rows = noted.rows
        books = self._books.of(book_keys(rows.heads))
        self._grow()
        times = rows.heads["ts_event"].astype(np.int64)
        row = 0
        while row < len(times):
            row, count = pass_time(
                self._step,
                times,
                books,
                row,
                self._newest,
                self._fresh,
                self._place,
                self._index,
                self._ends,
                self._filled,
            )
            if count:
                yield self._made(rows, count)
        self._hold(rows)

    def finish(self) -> Iterator[Rows]:
        clock = int(self._place[0])
        if clock >= 0:
            known = np.flatnonzero(self._newest != UNSEEN)
            end = np.full(len(known), (clock // self._step + 1) * self._step, np.int64)
            held = self._held
            filled = 1 - self._fresh[known]
            yield Sampled(held.heads[known], held.features[known], held.levels[known], ends=end, filled=filled)

    def _made(self, rows: Rows, count: int) -> Sampled:
        index, held = self._index[:count], self._held
        here = index >= 0
        there = -1 - index[~here]
        made = [np.empty((count, *part.shape[1:]), part.dtype) for part in (held.heads, held.features, held.levels)]
        for part, new, old in zip(made, rows.some(index[here]), (held.heads, held.features, held.levels), strict=True):
            part[here] = new
            part[~here] = old[there]
        heads, features, levels = made
        ends, filled = self._ends[:count].copy(), self._filled[:count].copy()
        return Sampled(heads, features, levels, ends=ends, filled=filled)

    def _hold(self, rows: Rows) -> None:
        """Copy the states that are rows of this slice."""
        books = np.flatnonzero(self._newest >= 0)
        last = self._newest[books]
        heads, features, levels = rows.some(last)
        self._held.heads[books], self._held.features[books], self._held.levels[books] = heads, features, levels
        self._newest[books] = -1 - books

    def _grow(self) -> None:
        """Room for books that are new; their first rows are on the way."""
        more = len(self._books) - len(self._newest)
        if more > 0:
            held = self._held
            room = [np.zeros((more, *part.shape[1:]), part.dtype) for part in (held.heads, held.features, held.levels)]
            heads, features, levels = (
                np.concatenate(pair) for pair in zip((held.heads, held.features, held.levels), room, strict=True)
            )
            self._held = Rows(heads, features, levels)
            self._newest = np.concatenate([self._newest, np.full(more, UNSEEN)])
            self._fresh = np.concatenate([self._fresh, np.zeros(more, np.uint8)])


@entry
def pass_time(
    step: int,
    times: npt.NDArray[np.int64],
    books: npt.NDArray[np.int64],
    row: int,
    newest: npt.NDArray[np.int64],
    fresh: npt.NDArray[np.uint8],
    place: npt.NDArray[np.int64],
    index: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    filled: npt.NDArray[np.uint8],
) -> tuple[int, int]:
    """Go through the rows of a slice from ``row`` on, until all are done or the output is full; returns the row to
    continue with and how many states were written.

    By book: ``newest``, the place of its state (a row, -1 - book if it is held, ``UNSEEN``), and ``fresh``, whether it
    is from this interval. ``place``: the clock, and while intervals end the present one, the present book, and the
    interval to stop before; -1 for none. ``index``, ``ends``, ``filled``: the states, as in ``newest``.
    """
    count = 0
    while row < len(times):
        now = max(times[row], place[0])
        if place[0] >= 0 and place[1] < 0 and now // step != place[0] // step:
            place[1], place[2] = place[0] // step, 0
            # A state does not continue through hours in which the market is closed.
            place[3] = place[1] + 1 if now - place[0] >= CLOSED else now // step
        while place[1] >= 0:
            while place[2] < len(newest):
                book = place[2]
                if newest[book] != UNSEEN:
                    if count == len(index):
                        return row, count
                    index[count], ends[count] = newest[book], (place[1] + 1) * step
                    filled[count] = 1 - fresh[book]
                    fresh[book] = 0
                    count += 1
                place[2] += 1
            place[1], place[2] = place[1] + 1, 0
            if place[1] == place[3]:
                place[1] = -1
        newest[books[row]] = row
        fresh[books[row]] = 1
        place[0] = now
        row += 1
    return row, count
