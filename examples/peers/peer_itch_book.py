"""itch-book: ITCH messages to tables, with books in C++, here for the table of best prices.

It takes the bytes of messages, as many as there are, in one call, and shows books by tables alone: of each change of a
best price or size one row, which is part of its work. The adapter keeps each book's last row.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version
from typing import Any

import numpy as np
from adapter import Adapter
from itch_book._core import Session
from itch_messages import UNIT, Preparer

_ROWS = 1 << 16
_COLUMNS = {"B": ("bid_px", "bid_sz"), "A": ("ask_px", "ask_sz")}


class Venue:
    """The books of one publisher, and each one's last row."""

    def __init__(self) -> None:
        self._session = Session(tables=["bbo"], depth=0, symbols=[])
        self._session.reserve(_ROWS)
        self.last = {name: np.zeros(1 << 16, np.int64) for columns in _COLUMNS.values() for name in columns}

    def feed(self, messages: bytes) -> None:
        self._session.feed(messages)
        table = self._session.take_bbo()
        for name, last in self.last.items():
            last[table["locate"]] = table[name]  # a book's last row wins


class ENGINE(Adapter):
    name = "itch-book"
    version = version("itch-book")
    offers = "bbo"
    leaves_out = "repairs top-of-book clear"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._venues: dict[int, Venue] = defaultdict(Venue)

    def preparer(self) -> Preparer:
        return Preparer()

    def feed(self, prepared: list[tuple[int, bytes]]) -> None:
        for publisher_id, messages in prepared:
            self._venues[publisher_id].feed(messages)

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        locate = self._preparers[-1].locate(instrument_id, publisher_id)
        if locate is None or first > 0 or n < 1:
            return []
        price, size = (int(self._venues[publisher_id].last[name][locate]) for name in _COLUMNS[side])
        return [(price * UNIT, size, 0)] if size else []
