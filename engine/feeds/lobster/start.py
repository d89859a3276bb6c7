"""The book from before the first message, made from the first row of the order book file.

That row is the book after the first message, which is therefore undone. Each level becomes one order with an id that no
market order has: the orders from before the file are unknown, only their sums are known. An id that was never added is
one of them, and reductions by its messages are taken from the order of its level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds.byte_stream import ByteStream
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.tables.problems import TableError

FIRST_ID: Final = 1 << 63
"""Ids of the orders that represent levels start here: bids, then asks, from best to worst."""
NO_PRICE: Final = 9_999_999_999
"""An order book file's entry, with either sign, for a missing level."""
_LONGEST = 1 << 16
"""Bytes of the longest row: some 1,000 levels."""
_ADDED, _TAKEN = 1, (2, 3, 4)


@dataclass(frozen=True)
class Start:
    """Levels from before the file: ``prices`` (1e-4 dollars), ``sizes`` and ``asks`` (1 or 0), int64, shape (n,).

    ``sizes`` is their remainder while messages are read.
    """

    prices: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    asks: npt.NDArray[np.int64]


def no_start() -> Start:
    return Start(*(np.zeros(0, np.int64) for _ in range(3)))


def read_start(path: str, kind: int, price: int, size: int, direction: int) -> Start:
    """The levels of before a message of this kind, price (1e-4 dollars), size and direction, out of the file of books.

    Raises ``FeedError``.
    """
    stream = ByteStream(SourceFile(path))
    row = stream.head(_LONGEST).partition(b"\n")[0]
    levels = levels_of(row, stream)
    ask = int(direction < 0)
    if kind == _ADDED or kind in _TAKEN:
        levels[ask][price] = levels[ask].get(price, 0) + (-size if kind == _ADDED else size)
    rows = [
        (price, size, side)
        for side, sign in ((0, -1), (1, 1))
        for price, size in sorted(levels[side].items(), key=lambda level: sign * level[0])
        if size > 0
    ]
    return Start(*(np.array(column, np.int64) for column in zip(*rows, strict=True))) if rows else no_start()


def levels_of(row: bytes, stream: ByteStream) -> tuple[dict[int, int], dict[int, int]]:
    """Size by price of the bids and of the asks in the first row of an order book file."""
    try:
        numbers = [int(number) for number in row.split(b",")]
    except ValueError:
        numbers = []
    if not numbers or len(numbers) % 4:
        raise TableError(
            stream.source.name,
            "line",
            1,
            "expected an order book: ask price, ask size, bid price, bid size of each level",
        )
    groups = [numbers[place : place + 4] for place in range(0, len(numbers), 4)]
    bids = {price: size for _, _, price, size in groups if abs(price) != NO_PRICE}
    asks = {price: size for price, size, _, _ in groups if abs(price) != NO_PRICE}
    return bids, asks
