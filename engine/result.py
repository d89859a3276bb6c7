"""The result of a replay by any engine: a compiled variant or the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

DIGEST_NAMES = ("books", "features", "strategies")


@dataclass(frozen=True)
class Digests:
    """Three order-sensitive 64-bit digests of everything a replay computed (docs/semantics.md); None for a stage that
    it stopped before."""

    books: int | None
    features: int | None
    strategies: int | None

    @property
    def taken(self) -> tuple[str, ...]:
        """Names of the digests that there are."""
        return tuple(name for name in DIGEST_NAMES if getattr(self, name) is not None)

    def as_json(self) -> dict[str, str]:
        return {name: f"{getattr(self, name):016x}" for name in self.taken}


@dataclass(frozen=True)
class StrategyEnd:
    """End state of one strategy of one book; money in the price's currency per unit."""

    name: str
    position: int
    cash: float
    equity: float
    trades: int


@dataclass(frozen=True)
class BookEnd:
    """End state of one book. Prices are int64 in 1e-9 units, None for an empty side."""

    instrument_id: int
    publisher_id: int
    events: int
    orders: int
    bid_levels: int
    ask_levels: int
    best_bid: int | None
    best_ask: int | None
    strategies: tuple[StrategyEnd, ...]


@dataclass(frozen=True)
class Result:
    """Outcome of one replay.

    ``trace`` is the final running trace; None if none is kept. ``digests`` are those of a deep replay at its end, and
    ``samples`` (uint64, shape (boundaries, 3): books, features, strategies) those at every batch boundary; None and
    empty if it took none. ``decoded``: the sum of all fields read, modulo 2^64, for a replay that only decodes; None
    for all others.
    """

    events: int
    evaluations: int
    anomalies: dict[str, int]
    books: tuple[BookEnd, ...]
    digests: Digests | None = None
    samples: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros((0, 3), np.uint64))
    counters: dict[str, int] | None = None
    decoded: int | None = None
    trace: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The parts that every command's JSON shares."""
        return {
            "events": self.events,
            "evaluations": self.evaluations,
            "books": len(self.books),
            "anomalies": dict(self.anomalies),
        }
