"""Made-up market-by-order streams: nonsense that hypothesis draws, and a lively market that a seed makes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

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

Records = npt.NDArray[np.void]
FIELDS = ("instrument_id", "publisher_id", "action", "side", "price", "size", "order_id", "flags")

_ACTIONS = (ADD, ADD, ADD, ADD, CANCEL, CANCEL, MODIFY, MODIFY, TRADE, FILL, CLEAR, NONE, ord("a"), 0, 255)
_SIDES = (BID, BID, BID, ASK, ASK, ASK, NO_SIDE, 0, 255)
_NEAR = tuple(range(995, 1005))
_FAR = (0, -1, -1000, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, -(2**62), -(2**63), 2**63 - 2, UNDEF_PRICE)
_SIZES = (1, 1, 2, 3, 5, 10, 100, 0, 2**31, 2**32 - 1)
_IDS = (1, 2, 3, 4, 5, 6, 7, 8, 0, 2**63, 2**64 - 1)
_INSTRUMENTS = (1, 1, 1, 2, 0, 2**32 - 1)
_PUBLISHERS = (1, 1, 2, 65535)
_FLAGS = (F_LAST, F_LAST, F_LAST, 0, F_LAST | F_TOB, F_TOB, F_LAST | F_SNAPSHOT, 255)

_RECORD = st.tuples(
    st.sampled_from(_INSTRUMENTS),
    st.sampled_from(_PUBLISHERS),
    st.one_of(st.sampled_from(_ACTIONS), st.sampled_from(_ACTIONS), st.integers(0, 255)),
    st.one_of(st.sampled_from(_SIDES), st.sampled_from(_SIDES), st.integers(0, 255)),
    st.one_of(st.sampled_from(_NEAR), st.sampled_from(_NEAR), st.sampled_from(_FAR), st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.sampled_from(_SIZES), st.integers(0, 2**32 - 1)),
    st.sampled_from(_IDS),
    st.one_of(st.sampled_from(_FLAGS), st.integers(0, 255)),
)


def made(rows: list[tuple[int, ...]]) -> Records:
    """Records of (``FIELDS``) rows; record number i has ts_event i."""
    records = np.zeros(len(rows), MBO)
    for name, column in zip(FIELDS, zip(*rows, strict=True), strict=False):
        records[name] = np.array(column, MBO[name])
    records["length"], records["rtype"] = MBO.itemsize // 4, RTYPE_MBO
    records["ts_event"] = records["sequence"] = np.arange(len(rows))
    return records


def nonsense(longest: int = 120) -> Any:
    """Strategy of streams in which any byte may occur anywhere, with few ids that all books use."""
    # By default hypothesis draws about six records: good for a short counterexample, too few to find one.
    long = st.lists(_RECORD, min_size=longest // 2, max_size=longest)
    return st.one_of(st.lists(_RECORD, min_size=1, max_size=10), long, long).map(made)


class _Book:
    """The resting orders of one book, as far as its next record needs them."""

    def __init__(self, instrument: int, publisher: int) -> None:
        self.names = (instrument, publisher)
        self.orders: dict[int, list[int]] = {}
        self.middle = 100_000_000_000 * instrument


class Market:
    """Records of books that live: orders come, shrink, move, trade and go; now and then a rule is broken."""

    TICK = 10_000_000

    def __init__(self, seed: int, instruments: int = 5, publishers: int = 2) -> None:
        self.random = random.Random(seed)
        self.books = [_Book(i + 1, p + 1) for i in range(instruments) for p in range(publishers)]
        self.rows: list[tuple[int, ...]] = []
        self.last_id = 1_000
        self.live = 60
        """Orders that a book holds before cancels prevail."""

    def records(self, count: int) -> Records:
        """The market's first ``count`` records."""
        while len(self.rows) < count:
            self._step(self.random.choice(self.books))
        return made(self.rows[:count])

    def _emit(
        self, book: _Book, action: int, side: int, price: int, size: int, order: int, flags: int = F_LAST
    ) -> None:
        self.rows.append((*book.names, action, side, price, size, order, flags))

    def _price(self, book: _Book, side: int) -> int:
        distance = self.TICK * int(self.random.expovariate(0.5))
        return book.middle - distance if side == BID else book.middle + self.TICK + distance

    def _step(self, book: _Book) -> None:
        draw = self.random
        book.middle += draw.choice((-1, 0, 0, 0, 0, 0, 0, 1)) * self.TICK
        what = draw.random()
        if what < 0.003:
            self._rare(book)
        elif what < 0.06:
            self._trade(book)
        elif what < 0.08:
            self._broken(book)
        elif what < 0.25 and book.orders:
            self._modify(book)
        elif draw.random() * 2 * self.live > len(book.orders):
            self._add(book)
        else:
            self._cancel(book)

    def _add(self, book: _Book) -> None:
        side = self.random.choice((BID, ASK))
        self.last_id += self.random.randint(1, 3)
        price, size = self._price(book, side), self.random.randint(1, 200)
        book.orders[self.last_id] = [side, price, size]
        self._emit(book, ADD, side, price, size, self.last_id, self.random.choice((F_LAST, F_LAST, F_LAST, 0)))

    def _some(self, book: _Book) -> int:
        return self.random.choice(list(book.orders))

    def _cancel(self, book: _Book) -> None:
        order = self._some(book)
        side, price, size = book.orders[order]
        taken = size if self.random.random() < 0.7 else self.random.randint(1, size)
        book.orders[order][2] -= taken
        if taken == size:
            del book.orders[order]
        self._emit(book, CANCEL, side, price, taken, order)

    def _modify(self, book: _Book) -> None:
        order = self._some(book)
        side, price, size = book.orders[order]
        what = self.random.random()
        if what < 0.05:
            side = ASK if side == BID else BID
            price = self._price(book, side)
        elif what < 0.6:
            price = self._price(book, side)
        size = max(1, size + self.random.randint(-20, 20))
        book.orders[order] = [side, price, size]
        self._emit(book, MODIFY, side, price, size, order)

    def _trade(self, book: _Book) -> None:
        """T, F of the order that was hit, C of the size that it lost."""
        self._emit(book, TRADE, self.random.choice((BID, ASK, NO_SIDE)), self._price(book, BID), 7, 0, 0)
        if book.orders:
            order = self._some(book)
            self._emit(book, FILL, book.orders[order][0], book.orders[order][1], 1, order, 0)
            self._cancel(book)

    def _broken(self, book: _Book) -> None:
        draw = self.random
        side, price, size = draw.choice((BID, ASK, NO_SIDE)), self._price(book, BID), draw.choice((0, 1, 500))
        order = self._some(book) if book.orders and draw.random() < 0.5 else draw.randint(1, 10)
        action = draw.choice((ADD, MODIFY, CANCEL, TRADE, ord("?")))
        price = UNDEF_PRICE if draw.random() < 0.2 else price
        if action == CANCEL and order in book.orders:
            side, price, size = book.orders.pop(order)
            price, size = draw.choice(((price + self.TICK, size), (price, size + 1), (price - self.TICK, size + 9)))
        elif action in (ADD, MODIFY) and side != NO_SIDE and price != UNDEF_PRICE and size:
            book.orders[order] = [side, price, size]
        self._emit(book, action, side, price, size, order)

    def _rare(self, book: _Book) -> None:
        side = self.random.choice((BID, ASK))
        if self.random.random() < 0.5:
            book.orders.clear()
            self._emit(book, CLEAR, NO_SIDE, UNDEF_PRICE, 0, 0)
        else:
            book.orders = {order: state for order, state in book.orders.items() if state[0] != side}
            size = self.random.choice((0, 50))
            self._emit(book, ADD, side, self._price(book, side) if size else UNDEF_PRICE, size, 0, F_LAST | F_TOB)
