"""Looking at a replay's heap state from Python: books, levels, queues, accounts. Slow, for end states, reports and
tests."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from lobench.engine.errors import StaleError
from lobench.engine.layout import BACKTEST, BOOK, LEVEL, ORDER, RUNG
from lobench.engine.registry import STRATEGIES
from lobench.engine.result import BookEnd, StrategyEnd


def peek(address: int, dtype: np.dtype[Any], count: int = 1) -> Any:
    """A view of ``count`` records of ``dtype`` at an address that must be valid."""
    buffer: Any = (ctypes.c_char * (dtype.itemsize * count)).from_address(address)
    return np.frombuffer(buffer, dtype, count)


def free_table(table: Any) -> None:
    """Free the slots of a ``TABLE`` record that a kernel made."""
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free.restype = None
    libc.free(int(table["slots"]))


class Standing:
    """The progress of a replay: data read from its memory is valid until it continues or is closed."""

    def __init__(self) -> None:
        self._turn = 0
        self._open = True

    def turn(self) -> int:
        """A number for the state as it is now. Raises StaleError when the replay is closed."""
        if not self._open:
            raise StaleError("this replay is closed: its memory is freed")
        return self._turn

    def go_on(self) -> None:
        """The state changes. Raises StaleError when the replay is closed."""
        self._turn = self.turn() + 1

    def check(self, turn: int) -> None:
        """Raise StaleError unless the state is the same as when ``turn`` was given."""
        if self.turn() != turn:
            raise StaleError("this book belongs to an earlier state: get the books from the replay again")

    def close(self) -> None:
        self._open = False


@dataclass(frozen=True)
class Level:
    """A price level: price in 1e-9 units, total size, number of orders, and (order_id, size) from front to tail."""

    price: int
    size: int
    count: int
    orders: tuple[tuple[int, int], ...]


class Side(NamedTuple):
    """One side of a book: how many orders and levels it has, and its best price in 1e-9 units, None without a level."""

    orders: int
    levels: int
    best: int | None


class Reader(Protocol):
    """Reads the books of a worker in their present state. A layout's ``inspect`` makes one."""

    def levels(self, book_address: int, side: str) -> Iterator[Level]:
        """Levels of side ``B`` or ``A`` of the book at an address, best first."""

    def side(self, book_address: int, side: str) -> Side:
        """The same in short, without a look at the queues."""


class PriceLadders(Reader):
    """Books in general-purpose records: orders linked to their levels, these in sorted arrays."""

    def __init__(self, layout_state: int) -> None:
        pass

    def levels(self, book_address: int, side: str) -> Iterator[Level]:
        for head, level in self._levels(book_address, side):
            orders = []
            address = int(level["next"])
            while address != head:
                order = peek(address, ORDER)[0]
                orders.append((int(order["order_id"]) % 2**64, int(order["size"])))
                address = int(order["next"])
            yield Level(int(level["price"]), int(level["size"]), int(level["count"]), tuple(orders))

    def side(self, book_address: int, side: str) -> Side:
        levels = [(int(level["count"]), int(level["price"])) for _, level in self._levels(book_address, side)]
        return Side(sum(count for count, _ in levels), len(levels), levels[0][1] if levels else None)

    @staticmethod
    def _levels(book_address: int, side: str) -> Iterator[tuple[int, Any]]:
        """Addresses and records."""
        own = peek(book_address, BOOK)[0]["bid" if side == "B" else "ask"]
        count = int(own["count"])
        if count:
            for rung in peek(int(own["rungs"]), RUNG, count)[::-1]:
                address = int(rung["level"])
                yield address, peek(address, LEVEL)[0]


class Book:
    """One book of a replay in its present state; raises StaleError once the replay continues or is closed."""

    def __init__(self, address: int, standing: Standing, reader: Reader) -> None:
        self._address = address
        self._standing, self._turn = standing, standing.turn()
        self._reader = reader
        self._record = peek(address, BOOK)[0]
        self.instrument_id = int(self._record["instrument_id"])
        self.publisher_id = int(self._record["publisher_id"])

    @property
    def events(self) -> int:
        self._standing.check(self._turn)
        return int(self._record["events"])

    def levels(self, side: str) -> Iterator[Level]:
        """Levels of side ``B`` or ``A``, best first."""
        self._standing.check(self._turn)
        for level in self._reader.levels(self._address, side):
            yield level
            self._standing.check(self._turn)

    def accounts(self) -> tuple[StrategyEnd, ...]:
        self._standing.check(self._turn)
        # In one call: there may be thousands of books.
        accounts = peek(int(self._record["strategies"]), BACKTEST, len(STRATEGIES)).tolist()
        return tuple(
            StrategyEnd(name, position, cash, equity, trades)
            for name, (position, trades, cash, equity, _) in zip(STRATEGIES, accounts, strict=True)
        )

    def end(self) -> BookEnd:
        """The book's end state."""
        self._standing.check(self._turn)
        bid, ask = (self._reader.side(self._address, side) for side in "BA")
        return BookEnd(
            instrument_id=self.instrument_id,
            publisher_id=self.publisher_id,
            events=self.events,
            orders=bid.orders + ask.orders,
            bid_levels=bid.levels,
            ask_levels=ask.levels,
            best_bid=bid.best,
            best_ask=ask.best,
            strategies=self.accounts(),
        )


def books(state: Any, standing: Standing, inspect: Callable[[int], Reader]) -> list[Book]:
    """All books of a ``STATE`` record, in order of their first record, as their layout's ``inspect`` reads them.
    Raises StaleError when it is closed."""
    standing.turn()
    count = int(state["books"]["count"])
    if count == 0:
        return []
    read_levels = inspect(int(state["layout_state"]))
    addresses = peek(int(state["books"]["items"]), np.dtype("i8"), count)
    return [Book(int(address), standing, read_levels) for address in addresses]
