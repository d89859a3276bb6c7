"""MeatPy: a limit order book in plain Python, a list of levels for each side and a list of orders in each.

It takes one order at a time, so the adapter is a loop over records; nothing is prepared but the columns' values.
"""

from __future__ import annotations

from importlib.metadata import version
from itertools import islice
from typing import Any

from adapter import Adapter, book_key
from meatpy.lob import LimitOrderBook, OrderType

_FIELDS = ("instrument_id", "publisher_id", "order_id", "price", "size", "action", "side")
_SIDES = {ord("B"): OrderType.BID, ord("A"): OrderType.ASK}
_ADD, _CANCEL, _MODIFY, _CLEAR = map(ord, "ACMR")


def columns(records: Any) -> list[list[int]]:
    return [records[name].tolist() for name in _FIELDS]


class ENGINE(Adapter):
    name = "MeatPy"
    version = version("meatpy")
    offers = "levels queues"
    leaves_out = "repairs top-of-book"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._books: dict[int, LimitOrderBook] = {}

    def preparer(self) -> Any:
        return columns

    def feed(self, prepared: list[list[int]]) -> None:
        books = self._books
        for instrument_id, publisher_id, order_id, price, size, action, side in zip(*prepared, strict=True):
            key = instrument_id << 16 | publisher_id
            book = books.get(key)
            if book is None or action == _CLEAR:
                book = books[key] = LimitOrderBook(None)
            if action == _ADD:
                book.enter_quote(None, price, size, order_id, _SIDES[side])
            elif action == _CANCEL:
                book.cancel_quote(size, order_id, _SIDES[side])
            elif action == _MODIFY:
                self._modify(book, order_id, price, size, _SIDES[side])

    @staticmethod
    def _modify(book: LimitOrderBook, order_id: int, price: int, size: int, side: OrderType) -> None:
        """It has no modify: a reduction is a cancel of the difference, any other modify a delete and a new order."""
        levels, level, rank = book.find_order(order_id)
        order = levels[level].queue[rank]
        same_side = levels is (book.bid_levels if side is OrderType.BID else book.ask_levels)
        if same_side and levels[level].price == price and size <= order.volume:
            if size < order.volume:
                book.cancel_quote(order.volume - size, order_id, side)
        else:
            book.delete_quote(order_id)
            book.enter_quote(None, price, size, order_id, side)

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        levels = self._side(instrument_id, publisher_id, side)
        return [(level.price, level.volume, len(level.queue)) for level in islice(levels, first, first + n)]

    def orders(
        self, instrument_id: int, publisher_id: int, side: str, price: int, first: int, n: int
    ) -> list[tuple[int, int]]:
        for level in self._side(instrument_id, publisher_id, side):
            if level.price == price:
                return [(order.order_id, order.volume) for order in islice(level.queue, first, first + n)]
        return []

    def _side(self, instrument_id: int, publisher_id: int, side: str) -> list[Any]:
        book = self._books.get(book_key(instrument_id, publisher_id))
        if book is None:
            return []
        return list(book.bid_levels if side == "B" else book.ask_levels)
