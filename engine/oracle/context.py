"""The context: the joint state of all publishers of one instrument."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from lobench.engine.oracle.arithmetic import int64
from lobench.engine.oracle.book import Book, Effect, Record
from lobench.engine.records import BID, TRADE

TRADES: Final = 64
"""Trades of an instrument in its trade mean."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A best price (1e-9 units) with the size and the number of orders at it, over all publishers."""

    price: int
    size: int
    count: int


class Instrument:
    """The books of one instrument and its last trades. ``trades`` counts all trades that there were."""

    def __init__(self) -> None:
        self.books: list[Book] = []
        self.trades = 0
        self.last_trade: tuple[int, int, int] | None = None
        """Price, size and side."""
        self._prices: deque[int] = deque(maxlen=TRADES)

    def update(self, record: Record, effect: Effect) -> None:
        """Take a trade in, unless it was ignored; other records change nothing here."""
        if record.action == TRADE and not effect.ignored:
            self.trades += 1
            self.last_trade = (record.price, record.size, record.side)
            self._prices.append(record.price)

    @property
    def trade_sum(self) -> int:
        """Sum of the prices of the last 64 trades, 64-bit two's complement, in 1e-9 units."""
        return int64(sum(self._prices))

    def bbo(self, side: int) -> Quote | None:
        """Best price of a side over all publishers; None where every book's side is empty."""
        levels = [best for book in self.books if (best := book.sides[side].best) is not None]
        if not levels:
            return None
        prices = [level.price for level in levels]
        price = max(prices) if side == BID else min(prices)
        at_best = [level for level in levels if level.price == price]
        return Quote(price, sum(level.size for level in at_best), sum(len(level.queue) for level in at_best))
