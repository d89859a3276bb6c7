"""The books of a feed as of a moment, or after an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa

from lobench.engine.errors import UsageError
from lobench.engine.feeds import Chunk, Feed
from lobench.engine.inspection import Book
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay

_SHOWN = 5


@dataclass(frozen=True)
class PriceLevel:
    """A price level: price in 1e-9 units, total size, number of orders."""

    price: int
    size: int
    count: int


@dataclass(frozen=True)
class BookView:
    """One book, its best levels first. ``events``: its own records so far; ``feed_events``: the feed's; ``ts_event``:
    nanoseconds of the feed's last record with a time, None if there was none."""

    instrument_id: int
    publisher_id: int
    symbol: str | None
    events: int
    feed_events: int
    ts_event: int | None
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]

    def to_arrow(self) -> pa.Table:
        """A row for each depth: bid_px, bid_sz, bid_ct, ask_px, ask_sz, ask_ct; null where a side has no level."""
        depth = max(len(self.bids), len(self.asks))
        columns: dict[str, pa.Array] = {}
        for side, levels in (("bid", self.bids), ("ask", self.asks)):
            for short, name in (("px", "price"), ("sz", "size"), ("ct", "count")):
                values = [getattr(level, name) for level in levels]
                columns[f"{side}_{short}"] = pa.array([*values, *[None] * (depth - len(values))], pa.int64())
        return pa.table(columns)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """``to_arrow`` by the Arrow C stream interface."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __str__(self) -> str:
        lines = [f"{'size':>12} {'bid':>16}   {'ask':<16} {'size':<12}"]
        for bid, ask in self._pairs():
            lines.append(f"{_size(bid):>12} {_price(bid):>16}   {_price(ask):<16} {_size(ask):<12}".rstrip())
        return "\n".join([self._title(), *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_size(bid)}</td><td>{_price(bid)}</td><td>{_price(ask)}</td><td>{_size(ask)}</td></tr>"
            for bid, ask in self._pairs()
        )
        head = "<tr><th>size</th><th>bid</th><th>ask</th><th>size</th></tr>"
        return f"<table><caption>{escape(self._title())}</caption>{head}{rows}</table>"

    def _title(self) -> str:
        name = self.symbol or f"instrument {self.instrument_id}"
        return f"{name}, publisher {self.publisher_id}, after {self.feed_events:,} events of the feed"

    def _pairs(self) -> list[tuple[PriceLevel | None, PriceLevel | None]]:
        depth = max(len(self.bids), len(self.asks))
        bids, asks = [*self.bids, *[None] * depth], [*self.asks, *[None] * depth]
        return [(bids[place], asks[place]) for place in range(depth)]


def _price(level: PriceLevel | None) -> str:
    if level is None:
        return ""
    sign = "-" if level.price < 0 else ""
    whole, part = divmod(abs(level.price), 10**9)
    return f"{sign}{whole}.{part:09d}".rstrip("0").rstrip(".")


def _size(level: PriceLevel | None) -> str:
    return "" if level is None else f"{level.size:,}"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The end of a replay: after ``event`` records, or before the first one whose ``ts_event`` is after ``at``,
    nanoseconds; with neither, at the end of the feed."""

    at: int | None = None
    event: int | None = None


@dataclass(frozen=True, kw_only=True)
class Which:
    """Selects a book; None matches any."""

    instrument: int | None = None
    symbol: str | None = None
    publisher: int | None = None

    def takes(self, book: Book, symbols: Mapping[int, str]) -> bool:
        return (
            self.instrument in (None, book.instrument_id)
            and self.publisher in (None, book.publisher_id)
            and (self.symbol is None or symbols.get(book.instrument_id) == self.symbol)
        )


def book_as_of(feed: Feed, variant: Variant, moment: Moment, which: Which, depth: int) -> BookView:
    """Replay until the moment and view one book. Raises UsageError unless exactly one book matches."""
    if moment.at is not None and moment.event is not None:
        raise UsageError("a book is as of a time or an event: give exactly one of at and event")
    if depth < 1:
        raise UsageError(f"depth must be at least 1, was {depth}")
    time: int | None = None
    with Replay(variant, observe=False, until="book") as replay:
        for chunk in feed:
            count, last = _before(chunk, replay.records, moment)
            time = time if last is None else last
            replay.apply(Chunk(chunk.address, chunk.stride, count, chunk.owner))
            if count < chunk.count:
                break
        symbols = feed.symbols
        found = [book for book in replay.books() if which.takes(book, symbols)]
        if len(found) != 1:
            raise UsageError(_problem(found, symbols))
        (book,) = found
        bids, asks = (
            tuple(
                PriceLevel(level.price, level.size, level.count)
                for level, _ in zip(book.levels(side), range(depth), strict=False)
            )
            for side in "BA"
        )
        return BookView(
            book.instrument_id,
            book.publisher_id,
            symbols.get(book.instrument_id),
            book.events,
            replay.records,
            time,
            bids,
            asks,
        )


def _before(chunk: Chunk, done: int, moment: Moment) -> tuple[int, int | None]:
    """How many of the records come before the moment, and the last time among them."""
    times = chunk.array()["ts_event"].astype(np.int64)
    count = chunk.count
    if moment.event is not None:
        count = min(count, moment.event - done)
    elif moment.at is not None:
        later = times > moment.at
        count = int(np.argmax(later)) if later.any() else count
    given = times[:count][times[:count] >= 0]
    return count, int(given[-1]) if len(given) else None


def _problem(found: list[Book], symbols: Mapping[int, str]) -> str:
    if not found:
        return "no record of such a book comes before that"
    shown = [
        f"{symbols.get(book.instrument_id, book.instrument_id)} of publisher {book.publisher_id}"
        for book in found[:_SHOWN]
    ]
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return f"which book? there are {', '.join(shown)}{more}: name its symbol, instrument or publisher"
