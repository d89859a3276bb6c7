"""Things that can replay the first records of a feed and say what came out: compiled variants and the oracle, behind
one face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.activity import activity
from engine.feeds import LoadedFeed
from engine.oracle import Oracle
from engine.policy import Variant
from engine.result import Result
from engine.session import SLICE, Replay, Rows

Side = list[tuple[int, int, int, list[tuple[int, int]]]]
"""Levels, best first: price, size, count, and the queue's (order_id, size) from front to tail."""

SHOWN_LEVELS = 10
"""How many levels of a side a person or a program is shown of a state."""

_ORACLE_STEP = 4096


@dataclass(frozen=True)
class State:
    """One book and its newest evaluation as they stand at some point of a feed; sides are empty where there is no
    such book."""

    bids: Side
    asks: Side
    features: tuple[float, ...] | None

    def as_json(self) -> dict[str, Any]:
        """The best levels of both sides as JSON."""
        return {"bids": self.bids[:SHOWN_LEVELS], "asks": self.asks[:SHOWN_LEVELS]}


class Machine(Protocol):
    """Replays prefixes of a feed from the beginning."""

    @property
    def name(self) -> str: ...

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Result:
        """What the first ``count`` records give. ``advance`` is told of every batch of records done."""
        ...

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        """One book after the first ``count`` records."""
        ...


class VariantMachine:
    """A compiled variant on a number of threads."""

    def __init__(
        self, variant: Variant, *, workers: int = 1, evaluate: str = "last", until: str = "strategies"
    ) -> None:
        self.variant = variant
        self.workers = workers
        self._until = until
        self._evaluate = evaluate

    @property
    def name(self) -> str:
        return self.variant.name

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Result:
        with Replay(
            self.variant,
            workers=self.workers,
            evaluate=self._evaluate,
            until=self._until,
            activity=activity(feed) if self.workers > 1 else None,
        ) as replay:
            self._apply(replay, feed, count, advance)
            return replay.finish()

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        newest: list[npt.NDArray[np.float64]] = []

        def keep(rows: Rows) -> None:
            ours = (rows.heads["instrument_id"] == instrument_id) & (rows.heads["publisher_id"] == publisher_id)
            if ours.any():
                newest[:] = [rows.features[ours][-1].copy()]

        on_rows = None if self._until in ("decode", "book") else keep
        with Replay(
            self.variant, workers=self.workers, evaluate=self._evaluate, on_rows=on_rows, until=self._until
        ) as replay:
            self._apply(replay, feed, count, None)
            features = tuple(map(float, newest[0])) if newest else None
            for book in replay.books():
                if (book.instrument_id, book.publisher_id) == (instrument_id, publisher_id):
                    sides = [
                        [(level.price, level.size, level.count, list(level.orders)) for level in book.levels(side)]
                        for side in "BA"
                    ]
                    return State(sides[0], sides[1], features)
        return State([], [], features)

    @staticmethod
    def _apply(replay: Replay, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None) -> None:
        for start in range(0, count, SLICE):
            stop = min(start + SLICE, count)
            replay.apply(feed.slice(start, stop))
            if advance is not None:
                advance(stop - start)


class OracleMachine:
    """The pure-Python oracle."""

    name = "oracle"
    workers = 1

    def __init__(self, *, evaluate: str = "last") -> None:
        self._evaluate = evaluate

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Result:
        return self._run(feed, count, advance).finish()

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        oracle = self._run(feed, count, None, keep_rows=True)
        rows = [row[3] for row in oracle.rows if row[1:3] == (instrument_id, publisher_id)]
        book = oracle.book(instrument_id, publisher_id)
        features = tuple(rows[-1]) if rows else None
        if book is None:
            return State([], [], features)
        return State(list(book.levels(ord("B"))), list(book.levels(ord("A"))), features)

    def _run(
        self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None, keep_rows: bool = False
    ) -> Oracle:
        oracle = Oracle(self._evaluate, keep_rows)
        for start in range(0, count, _ORACLE_STEP):
            stop = min(start + _ORACLE_STEP, count)
            oracle.apply(feed.records[start:stop])
            if advance is not None:
                advance(stop - start)
        return oracle
