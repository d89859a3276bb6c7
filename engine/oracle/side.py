"""One side of a book: price levels, each a queue of orders."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from lobench.engine.records import BID


@dataclass(slots=True)
class Order:
    """A resting order. Price in 1e-9 units; ``birth`` and ``arrival`` are event numbers of the book."""

    id: int
    side: int
    price: int
    size: int
    birth: int
    arrival: int


@dataclass(slots=True)
class Level:
    """The orders at one price, first come first, and the size that belongs to no order."""

    price: int
    anonymous: int = 0
    # A dict keeps insertion order and allows deletion anywhere: a queue with exits in the middle.
    queue: dict[int, Order] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Anonymous size and all orders' together."""
        return self.anonymous + sum(order.size for order in self.queue.values())

    def place(self, order_id: int) -> int:
        """Place of a resting order in the queue, from 1."""
        return list(self.queue).index(order_id) + 1


class Side:
    """Levels by price. ``byte`` is the side's character code."""

    def __init__(self, byte: int) -> None:
        self.byte = byte
        self._levels: dict[int, Level] = {}
        self._prices: list[int] = []

    def __len__(self) -> int:
        return len(self._prices)

    def __iter__(self) -> Iterator[Level]:
        """Levels from best to worst."""
        prices = reversed(self._prices) if self.byte == BID else iter(self._prices)
        return (self._levels[price] for price in prices)

    def __getitem__(self, price: int) -> Level:
        return self._levels[price]

    @property
    def best(self) -> Level | None:
        """Highest level of a bid side, lowest of an ask side; None where the side is empty."""
        return next(iter(self), None)

    def clear(self) -> None:
        """Leave no level."""
        self._levels.clear()
        self._prices.clear()

    def replace(self, price: int, anonymous: int) -> None:
        """Leave one level with a size that belongs to no order."""
        self.clear()
        self._level(price).anonymous = anonymous

    def join(self, order: Order) -> None:
        """Put the order at the tail of the queue at its price."""
        self._level(order.price).queue[order.id] = order

    def leave(self, order: Order) -> None:
        """Take the order out of its queue."""
        level = self._levels[order.price]
        del level.queue[order.id]
        if level.size == 0:
            del self._levels[order.price]
            del self._prices[bisect_left(self._prices, order.price)]

    def _level(self, price: int) -> Level:
        if price not in self._levels:
            self._levels[price] = Level(price)
            insort(self._prices, price)
        return self._levels[price]
