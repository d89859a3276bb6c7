"""A textbook order book: a sorted map of levels for each side, and a queue of orders in each level.

It follows docs/semantics.md, including repairs of broken feeds, and computes no features. Run it with
``lobench verify FEED --variants-from examples/engines/python_textbook.py``; it needs ``pip install sortedcontainers``.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from sortedcontainers import SortedDict

F_LAST, F_TOB, F_SNAPSHOT = 0x80, 0x40, 0x20
UNDEF_PRICE = 2**63 - 1
SIDES = {ord("B"): "B", ord("A"): "A"}
ANOMALIES = (
    "add_existing_order",
    "cancel_mismatch",
    "cancel_oversize",
    "cancel_unknown_order",
    "invalid_side",
    "modify_unknown_order",
    "trade_undefined_price",
    "undefined_price",
    "unknown_action",
    "zero_size",
)
FIELDS = ("instrument_id", "publisher_id", "order_id", "price", "size", "flags", "action", "side")


class Record(NamedTuple):
    """The fields of a record that a book needs. ``side`` is "B", "A" or None."""

    order_id: int
    price: int
    size: int
    flags: int
    action: str
    side: str | None


@dataclass
class Order:
    side: str
    price: int
    size: int


@dataclass
class Level:
    """``queue``: order id to order, front to tail; ``anonymous``: size without orders."""

    anonymous: int = 0
    size: int = 0
    queue: OrderedDict[int, Order] = field(default_factory=OrderedDict)


class Book:
    def __init__(self, note: Callable[[str], None]) -> None:
        self.sides = {"B": SortedDict(operator.neg), "A": SortedDict()}
        self.orders: dict[int, Order] = {}
        self._note = note

    def apply(self, record: Record) -> None:
        if record.action in "AM":
            self._add_or_modify(record)
        elif record.action == "C":
            self._cancel(record)
        elif record.action == "R":
            for side in self.sides:
                self._empty(side)
        elif record.action == "T":
            if record.price == UNDEF_PRICE:
                self._note("trade_undefined_price")
        elif record.action not in "FN":
            self._note("unknown_action")

    def _add_or_modify(self, record: Record) -> None:
        side, price, size = record.side, record.price, record.size
        if side is None:
            self._note("invalid_side")
        elif record.action == "A" and record.flags & F_TOB:
            self._replace(side, price, size)
        elif price == UNDEF_PRICE:
            self._note("undefined_price")
        elif size == 0:
            self._note("zero_size")
        elif record.action == "A":
            if record.order_id in self.orders:
                self._note("add_existing_order")
                self._remove(record.order_id)
            self._join(record.order_id, Order(side, price, size))
        else:
            self._modify(record.order_id, side, price, size)

    def _modify(self, order_id: int, side: str, price: int, size: int) -> None:
        order = self.orders.get(order_id)
        if order is None:
            self._note("modify_unknown_order")
        elif order.side == side and order.price == price and size <= order.size:
            self._reduce(order, order.size - size)
            return
        else:
            self._remove(order_id)
        self._join(order_id, Order(side, price, size))

    def _cancel(self, record: Record) -> None:
        order = self.orders.get(record.order_id)
        if order is None:
            self._note("cancel_unknown_order")
            return
        if (order.side, order.price) != (record.side, record.price):
            self._note("cancel_mismatch")
        if record.size > order.size:
            self._note("cancel_oversize")
        if record.size >= order.size:
            self._remove(record.order_id)
        else:
            self._reduce(order, record.size)

    def _replace(self, side: str, price: int, size: int) -> None:
        """A top-of-book record: the side becomes one level without orders, or empty."""
        if price == UNDEF_PRICE:
            self._empty(side)
        elif size == 0:
            self._note("zero_size")
        else:
            self._empty(side)
            self.sides[side][price] = Level(anonymous=size, size=size)

    def _empty(self, side: str) -> None:
        for level in self.sides[side].values():
            for order_id in level.queue:
                del self.orders[order_id]
        self.sides[side].clear()

    def _join(self, order_id: int, order: Order) -> None:
        self.orders[order_id] = order
        level = self.sides[order.side].setdefault(order.price, Level())
        level.queue[order_id] = order
        level.size += order.size

    def _remove(self, order_id: int) -> None:
        order = self.orders.pop(order_id)
        level = self.sides[order.side][order.price]
        del level.queue[order_id]
        level.size -= order.size
        if level.size == 0:
            del self.sides[order.side][order.price]

    def _reduce(self, order: Order, size: int) -> None:
        """An order loses some of its size and keeps its place."""
        order.size -= size
        self.sides[order.side][order.price].size -= size


class Engine:
    """Books by (instrument_id, publisher_id)."""

    offers = "bbo levels queues anomalies"
    version = "1"

    def __init__(self, options: Any) -> None:
        self._every = options.evaluate_every
        self._books: dict[tuple[int, int], Book] = {}
        self._events = 0
        self._evaluations = 0
        self._anomalies = dict.fromkeys(ANOMALIES, 0)

    def apply(self, records: Any) -> None:
        columns = (records[name].tolist() for name in FIELDS)
        for instrument_id, publisher_id, order_id, price, size, flags, action, side in zip(*columns, strict=True):
            key = instrument_id, publisher_id
            if key not in self._books:
                self._books[key] = Book(self._note)
            self._books[key].apply(Record(order_id, price, size, flags, chr(action), SIDES.get(side)))
            self._evaluations += self._every or flags & (F_LAST | F_SNAPSHOT) == F_LAST
        self._events += len(records)

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        book = self._books.get((instrument_id, publisher_id))
        if book is None:
            return []
        found = islice(book.sides[side].items(), first, first + n)
        return [(price, level.size, len(level.queue)) for price, level in found]

    def orders(
        self, instrument_id: int, publisher_id: int, side: str, price: int, first: int, n: int
    ) -> list[tuple[int, int]]:
        book = self._books.get((instrument_id, publisher_id))
        if book is None or price not in book.sides[side]:
            return []
        found = islice(book.sides[side][price].queue.items(), first, first + n)
        return [(order_id, order.size) for order_id, order in found]

    def counts(self) -> tuple[int, int, list[int]]:
        return self._events, self._evaluations, list(self._anomalies.values())

    def _note(self, anomaly: str) -> None:
        self._anomalies[anomaly] += 1


ENGINE = Engine
