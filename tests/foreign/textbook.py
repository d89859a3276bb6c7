"""A Python engine for tests: books with levels and queues, dictionaries all through. A copy of this file is wrong in
the way that it is called, from its record ``AT`` on."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

WAY, AT = Path(__file__).stem, 5000
F_TOB, UNDEFINED = 0x40, 2**63 - 1


class Side:
    """Orders by id, in the order in which they joined their tails: [price, size]; and top-of-book sizes by price."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}
        self.anonymous: dict[int, int] = {}


class Engine:
    """``ENGINE`` of this file."""

    name = "Textbook"
    version = "0.1"
    offers = "levels queues"

    def __init__(self, options: Any) -> None:
        self.stage = options.stage
        self.books: dict[tuple[int, int], dict[str, Side]] = {}
        self.events = 0

    def apply(self, records: Any) -> None:
        for record in records.tolist():
            self.handle(*record)
            self.events += 1
            if self.events >= AT:
                self.go_wrong()

    def go_wrong(self) -> None:
        if WAY == "raises":
            raise ValueError("no sense in it")
        if WAY == "thread" and self.events == AT:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        if WAY == "strays":
            for book in self.books.values():
                book["B"].orders.setdefault(2**63, [7, 7])

    def handle(self, *record: Any) -> None:
        _, _, publisher, instrument, _, order_id, price, size, flags, _, action, side, *_ = record
        book = self.books.setdefault((instrument, publisher), {"B": Side(), "A": Side()})
        kind, side = chr(action), chr(side)
        if kind == "R":
            book.update({"B": Side(), "A": Side()})
        elif kind == "C":
            self.cancel(book, order_id, size)
        elif kind == "A" and flags & F_TOB and side in book:
            if price == UNDEFINED or size:
                book[side] = Side()
            if price != UNDEFINED and size:
                book[side].anonymous[price] = size
        elif kind in "AM" and not (kind == "A" and flags & F_TOB) and side in book and price != UNDEFINED and size:
            resting = book[side].orders.get(order_id)
            if kind == "M" and resting is not None and resting[0] == price and size <= resting[1]:
                resting[1] = size
                return
            for one in book.values():
                one.orders.pop(order_id, None)
            book[side].orders[order_id] = [price, size]

    def cancel(self, book: dict[str, Side], order_id: int, size: int) -> None:
        for one in book.values():
            if order_id in one.orders:
                one.orders[order_id][1] -= min(size, one.orders[order_id][1])
                if not one.orders[order_id][1]:
                    del one.orders[order_id]

    def side(self, instrument_id: int, publisher_id: int, side: str) -> Side:
        book = self.books.get((instrument_id, publisher_id))
        return book[side] if book else Side()

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        found = self.side(instrument_id, publisher_id, side)
        sizes: dict[int, list[int]] = {price: [size, 0] for price, size in found.anonymous.items()}
        for price, size in found.orders.values():
            level = sizes.setdefault(price, [0, 0])
            level[0] += size
            level[1] += 1
        prices = sorted(sizes, reverse=side == "B")[first : first + n]
        return [(price, size, orders) for price in prices for size, orders in [sizes[price]]]

    def orders(
        self, instrument_id: int, publisher_id: int, side: str, price: int, first: int, n: int
    ) -> list[tuple[int, int]]:
        found = self.side(instrument_id, publisher_id, side).orders
        return [(order_id, size) for order_id, (at, size) in found.items() if at == price][first : first + n]


ENGINE = Engine
