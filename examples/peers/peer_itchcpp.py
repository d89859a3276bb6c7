"""itchcpp: a parser of ITCH with books in C++, here for its best prices.

It takes the bytes of messages, as many as there are, in one call; each publisher has a feed of its own. Of a book it
shows best prices and sizes.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version
from typing import Any

import itchcpp.book
from adapter import Adapter
from itch_messages import Preparer, symbol

_UNITS = 10_000
_NANOS = 100_000


class ENGINE(Adapter):
    name = "itchcpp"
    version = version("itchcpp")
    offers = "bbo"
    leaves_out = "repairs top-of-book clear"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._books: dict[int, Any] = defaultdict(itchcpp.book.BookManager)

    def preparer(self) -> Preparer:
        return Preparer()

    def feed(self, prepared: list[tuple[int, bytes]]) -> None:
        for publisher_id, messages in prepared:
            self._books[publisher_id].process_stream(messages)

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        locate = self._preparers[-1].locate(instrument_id, publisher_id)
        book = None if locate is None else self._books[publisher_id].book_for_symbol(symbol(locate))
        if book is None or first > 0 or n < 1:
            return []
        best = book.bbo()
        there, price, size = (
            (best.has_bid, best.bid_price, best.bid_shares)
            if side == "B"
            else (best.has_ask, best.ask_price, best.ask_shares)
        )
        return [(round(price * _UNITS) * _NANOS, size, 0)] if there else []
