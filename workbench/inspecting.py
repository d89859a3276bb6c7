"""The contents of a feed: records by action and book, times, levels, anomalies, names, and activity over time.

The feed is read once, and the ladder's last variant builds its books, for levels and anomalies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError
from lobench.engine.feeds import Chunk, Feed
from lobench.engine.policy import Variant
from lobench.engine.records import F_LAST, F_SNAPSHOT, book_keys
from lobench.engine.replay import Replay, warm
from lobench.engine.result import BookEnd
from lobench.engine.workload import Workload
from lobench.variants import discover, ladder
from lobench.workbench.precompile import warm_all

_WORKLOAD: Final = Workload(until="book")
_TICK: Final = 10**8
"""Nanoseconds of the finest grain of activity that is kept."""


@dataclass(frozen=True)
class Span:
    """The earliest and the latest time of a kind; nanoseconds since 1970, None if no record has one. ``backward``:
    number of records with an earlier time than the record before."""

    first: int | None
    last: int | None
    missing: int
    backward: int


@dataclass(frozen=True)
class InspectedBook:
    """One book: its records by action, and its orders and levels at the end of the feed."""

    instrument_id: int
    publisher_id: int
    symbol: str | None
    records: int
    actions: Mapping[str, int]
    orders: int
    bid_levels: int
    ask_levels: int
    best_bid: int | None
    best_ask: int | None


@dataclass(frozen=True)
class Activity:
    """Records in each of equal intervals of ``step`` nanoseconds from ``start`` on, by ``ts_event``."""

    start: int
    step: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Inspection:
    """The contents of a feed. ``events``: records that end an event outside snapshots; ``actions``: records by action
    letter, or by ``\\x`` and the code of another byte; ``books``: the busiest first."""

    feed: str
    records: int
    events: int
    snapshot_records: int
    actions: Mapping[str, int]
    ts_event: Span
    ts_recv: Span
    books: tuple[InspectedBook, ...]
    symbols: Mapping[int, str]
    anomalies: Mapping[str, int]
    other_records: Mapping[int, int]
    skipped: Mapping[str, int]
    ticks: Mapping[int, int]

    @property
    def instruments(self) -> int:
        return len({book.instrument_id for book in self.books})

    def activity(self, intervals: int = 60) -> Activity | None:
        """Records over time in ``intervals`` intervals; None if no record has a time."""
        if intervals < 1:
            raise UsageError(f"activity is shown in at least one interval, was {intervals}")
        if not self.ticks:
            return None
        first, last = min(self.ticks), max(self.ticks)
        step = -(-(last - first + 1) // intervals)
        counts = [0] * (-(-(last - first + 1) // step))
        for tick, count in self.ticks.items():
            counts[(tick - first) // step] += count
        return Activity(first * _TICK, step * _TICK, tuple(counts))

    def as_json(self) -> dict[str, Any]:
        """As `lobench inspect --json` prints it."""
        found = {name: value for name, value in asdict(self).items() if name != "ticks"}
        activity = self.activity()
        return found | {"instruments": self.instruments, "activity": None if activity is None else asdict(activity)}


class _Times:
    """A span in the making."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last: int | None = None
        self._before = -1
        self._missing = self._backward = 0

    def add(self, times: npt.NDArray[np.int64]) -> None:
        given = times[times >= 0]
        self._missing += len(times) - len(given)
        if len(given):
            low, high = int(given.min()), int(given.max())
            self._first = low if self._first is None else min(self._first, low)
            self._last = high if self._last is None else max(self._last, high)
            self._backward += int(np.count_nonzero(np.diff(given) < 0)) + int(given[0] < self._before)
            self._before = int(given[-1])

    def span(self) -> Span:
        return Span(self._first, self._last, self._missing, self._backward)


class _Found:
    """Counts over the records so far."""

    def __init__(self) -> None:
        self.records = self.events = self.snapshots = 0
        self.event_times, self.receive_times = _Times(), _Times()
        self.by_book: Counter[tuple[int, int]] = Counter()
        self.ticks: Counter[int] = Counter()

    def add(self, chunk: Chunk) -> None:
        records = chunk.array()
        flags = records["flags"]
        snapshot = flags & F_SNAPSHOT != 0
        self.records += chunk.count
        self.snapshots += int(np.count_nonzero(snapshot))
        self.events += int(np.count_nonzero((flags & F_LAST != 0) & ~snapshot))
        times = records["ts_event"].astype(np.int64)
        self.event_times.add(times)
        self.receive_times.add(records["ts_recv"].astype(np.int64))
        _count(self.ticks, times[times >= 0] // _TICK)
        numbers, places = np.unique(book_keys(records), return_inverse=True)
        pairs = Counter[int]()
        _count(pairs, places.astype(np.int64) << 8 | records["action"].astype(np.int64))
        for pair, count in pairs.items():
            self.by_book[int(numbers[pair >> 8]), pair & 255] += count


def _count(into: Counter[int], values: npt.NDArray[np.int64]) -> None:
    for value, count in zip(*map(np.ndarray.tolist, np.unique(values, return_counts=True)), strict=True):
        into[value] += count


def prepare() -> None:
    """Compile the kernels, or load them, so that the progress of ``inspect_feed`` is that of reading."""
    warm_all([_last()], ["timed"], _WORKLOAD)
    warm(_last(), until=_WORKLOAD.until)


def inspect_feed(feed: Feed, advance: Callable[[int], object] = lambda records: None) -> Inspection:
    """Read a feed; ``advance`` is called with the number of records read since its last call. Raises the feed's
    errors."""
    found = _Found()
    with Replay(_last(), observe=False, until=_WORKLOAD.until) as replay:
        for chunk in feed:
            found.add(chunk)
            replay.apply(chunk)
            advance(chunk.count)
        result = replay.finish()
    symbols = dict(feed.symbols)
    of_book: dict[int, dict[str, int]] = {}
    total: Counter[str] = Counter()
    for (key, action), count in sorted(found.by_book.items()):
        of_book.setdefault(key, {})[_letter(action)] = count
        total[_letter(action)] += count
    books = [_book(end, of_book[end.instrument_id << 16 | end.publisher_id], symbols) for end in result.books]
    return Inspection(
        feed=feed.name,
        records=found.records,
        events=found.events,
        snapshot_records=found.snapshots,
        actions=dict(total),
        ts_event=found.event_times.span(),
        ts_recv=found.receive_times.span(),
        books=tuple(sorted(books, key=lambda book: -book.records)),
        symbols=symbols,
        anomalies=result.anomalies,
        other_records=feed.other_records,
        skipped=getattr(feed, "skipped", {}),
        ticks=dict(found.ticks),
    )


def _last() -> Variant:
    return ladder(discover())[-1]


def _letter(action: int) -> str:
    return chr(action) if 32 < action < 127 else f"\\x{action:02x}"


def _book(end: BookEnd, actions: Mapping[str, int], symbols: Mapping[int, str]) -> InspectedBook:
    return InspectedBook(
        end.instrument_id,
        end.publisher_id,
        symbols.get(end.instrument_id),
        end.events,
        actions,
        end.orders,
        end.bid_levels,
        end.ask_levels,
        end.best_bid,
        end.best_ask,
    )
