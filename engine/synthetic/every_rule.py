"""``synth:every-rule``: records drawn at random, so that they meet every rule of docs/semantics.md, also broken ones.

No market: few ids and few prices of three instruments on two venues, so that records meet each other. Ids, prices and
sizes reach the ends of their ranges. Each field of a record is a function of the seed, the record's number and the
field, in integer arithmetic, so that every machine makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds.base import Chunk
from lobench.engine.records import (
    ADD,
    ASK,
    BID,
    CANCEL,
    CLEAR,
    F_LAST,
    F_SNAPSHOT,
    F_TOB,
    FILL,
    MBO,
    MODIFY,
    NO_SIDE,
    NONE,
    RTYPE_MBO,
    TRADE,
    UNDEF_PRICE,
)
from lobench.engine.synthetic.catalogue import PITCH, FeedModel, Venue
from lobench.engine.synthetic.market import START
from lobench.engine.synthetic.tables import EQUITY

EVERY_RULE = FeedModel(
    name="every-rule",
    summary="records at random, no market: every rule and every broken one, ids, prices and sizes at their ends",
    records=50_000,
    live=0,
    dataset="XNAS.ITCH",
    venues=(Venue(1, PITCH), Venue(2**16 - 1, PITCH)),
    tables=EQUITY,
    tick=250_000_000,
    prices=(20, 20),
    instruments=3,
)

_INSTRUMENTS = np.array([7, 70_000, 2**32 - 1], np.uint32)
_IDS = 64
_TICKS = 12

Weighted = tuple[tuple[int, int], ...]
"""(value, how many of 1,000 records have it); the rest have the first value."""

_ACTIONS: Weighted = (
    *((ADD, 440), (CANCEL, 240), (MODIFY, 180), (TRADE, 80), (FILL, 25), (NONE, 20), (CLEAR, 5)),
    *((ord("X"), 5), (0, 5)),
)
_SIDES: Weighted = ((BID, 485), (ASK, 485), (NO_SIDE, 20), (ord("Z"), 10))
_FLAGS: Weighted = (
    *((F_LAST, 680), (0, 190), (F_LAST | F_SNAPSHOT, 30), (F_SNAPSHOT, 20), (F_LAST | F_TOB, 50), (F_TOB, 20)),
    (F_LAST | 0x1E, 10),
)
_ODD_PRICES: Weighted = (
    *((0, 0), (UNDEF_PRICE, 12), (UNDEF_PRICE - 1, 2), (2**62, 2), (-(2**62), 2), (-(2**63) + 1, 2), (1, 3)),
)


class EveryRuleFeed:
    """``n`` random records; the same n and seed make the same bytes. ``chunk``: records handed over at a time."""

    model = EVERY_RULE
    anomalies = 0.0

    def __init__(self, n: int, seed: int = 1, name: str = "") -> None:
        self.n = self.expected = n
        self.seed = seed
        self.name = name or f"synth:{EVERY_RULE.name}"
        self.chunk = 65_536
        self.other_records: dict[int, int] = {}

    @property
    def symbols(self) -> dict[int, str]:
        return {number: f"S{number}" for number in _INSTRUMENTS.tolist()}

    def __iter__(self) -> Iterator[Chunk]:
        for start in range(0, self.n, self.chunk):
            made = self._records(start, min(start + self.chunk, self.n))
            if start + len(made) == self.n:
                made["flags"][-1] |= F_LAST
            yield Chunk(made.ctypes.data, MBO.itemsize, len(made), made)

    def _records(self, start: int, stop: int) -> npt.NDArray[Any]:
        numbers = np.arange(start, stop, dtype=np.uint64)

        def draw(field: int, below: int) -> npt.NDArray[np.int64]:
            """A number from 0 to below - 1 for each record."""
            mixed = _mix(numbers * np.uint64(32) + np.uint64(field) + _mix(np.array([self.seed], np.uint64)))
            return ((mixed >> np.uint64(33)) % np.uint64(below)).astype(np.int64)

        made = np.zeros(stop - start, MBO)
        made["length"], made["rtype"] = MBO.itemsize // 4, RTYPE_MBO
        made["instrument_id"] = _INSTRUMENTS[draw(0, 3)]
        made["publisher_id"] = np.where(draw(1, 3) == 0, 2**16 - 1, 1)
        made["ts_event"] = made["ts_recv"] = np.uint64(START) + numbers * np.uint64(1_000)
        made["sequence"] = (numbers + np.uint64(1)) % np.uint64(2**32)
        ids = draw(2, _IDS).astype(np.uint64)
        # 0 is one of them; the last three are the limits of the signed and unsigned ranges.
        ends = np.array([2**63 - 1, 2**63, 2**64 - 1], np.uint64)
        made["order_id"] = np.where(ids < _IDS - 3, ids, ends[np.maximum(ids.astype(np.int64) - (_IDS - 3), 0)])
        made["action"], made["side"], made["flags"] = (
            _weighted(kinds, draw(field, 1000)) for field, kinds in ((3, _ACTIONS), (4, _SIDES), (5, _FLAGS))
        )
        # Prices on both sides of 0. Bids are below asks except for two shared ticks, so books cross now and then.
        shift = np.where(made["side"] == BID, -_TICKS + 2, 0)
        price = (draw(6, _TICKS) + shift) * EVERY_RULE.tick + np.where(made["instrument_id"] == 7, 0, 5_000_000_000)
        odd = _weighted(_ODD_PRICES, draw(7, 1000))
        made["price"] = np.where(odd == 0, price, odd)
        size = 1 + draw(8, 6)
        kind = draw(9, 1000)
        made["size"] = np.where(kind < 30, 0, np.where(kind < 38, 2**32 - 1, size))
        return made


def _weighted(kinds: Weighted, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The value of each record, by a number from 0 to 999."""
    values = np.array([value for value, _ in kinds], np.int64)
    ends = np.cumsum([weight for _, weight in kinds])
    places = np.searchsorted(ends, drawn, side="right")
    return values[np.where(places < len(values), places, 0)]


def _mix(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """splitmix64's finalizer (Steele, Lea and Flood 2014) of each number."""
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
