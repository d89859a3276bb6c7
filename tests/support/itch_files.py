"""ITCH 5.0 in tests: messages written field by field, and a slow reader that keeps books in dictionaries.

Both are written from NASDAQ's specification alone and share nothing with the reader under test.
"""

from __future__ import annotations

import heapq
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.support.equities import UNIT, Event, Record

HEAD = ">cHH6s"
BODIES = {
    "S": "c",
    "R": "8sccIcc2scccccIc",
    "H": "8scc4s",
    "Y": "8sc",
    "L": "4s8sccc",
    "V": "QQQ",
    "W": "c",
    "K": "8sIcI",
    "J": "8sIIII",
    "h": "8scc",
    "A": "QcI8sI",
    "F": "QcI8sI4s",
    "E": "QIQ",
    "C": "QIQcI",
    "X": "QI",
    "D": "Q",
    "U": "QQII",
    "P": "QcI8sIQ",
    "Q": "Q8sIQc",
    "B": "Q",
    "I": "QQc8sIIIcc",
    "N": "8sc",
    "O": "8scIIIQII",
}


def message(kind: str, *fields: object, locate: int = 1, at: int = 34_200_000_000_000) -> bytes:
    """One message; ``at`` nanoseconds after midnight. Text is padded with spaces; fields that are left out are 0."""
    shapes = _shapes(BODIES[kind])
    values = [*fields, *(_nothing(shape) for shape in shapes[len(fields) :])]
    packed = [_packed(shape, value) for shape, value in zip(shapes, values, strict=True)]
    head = struct.pack(HEAD, kind.encode(), locate, 0, at.to_bytes(6, "big"))
    return head + b"".join(packed)


def _shapes(codes: str) -> list[str]:
    shapes, number = [], ""
    for code in codes:
        if code.isdigit():
            number += code
        else:
            shapes.append(number + code)
            number = ""
    return shapes


def _nothing(shape: str) -> object:
    return " " if shape[-1] in "cs" else 0


def _packed(shape: str, value: object) -> bytes:
    if isinstance(value, str):
        size = struct.calcsize(shape)
        return value.encode("latin-1").ljust(size)[:size]
    return struct.pack(">" + shape, value)


def framed(*messages: bytes, lengths: bool = True) -> bytes:
    """The bytes of a file; ``lengths`` False writes 0 for each of them."""
    return b"".join((len(one) if lengths else 0).to_bytes(2, "big") + one for one in messages)


def stock(locate: int, symbol: str, at: int = 1) -> bytes:
    return message("R", symbol, locate=locate, at=at)


@dataclass
class Order:
    side: str
    price: int
    size: int


@dataclass
class Slow:
    """Books by stock locate: orders by reference, size and count by price."""

    orders: dict[int, tuple[int, Order]] = field(default_factory=dict)
    prices: dict[tuple[int, str], dict[int, list[int]]] = field(default_factory=lambda: defaultdict(dict))

    def apply(self, one: bytes) -> None:
        kind, locate, _, _ = struct.unpack_from(HEAD, one)
        values = struct.unpack(">" + BODIES[kind.decode()], one[11:])
        match kind:
            case b"A" | b"F":
                self._add(locate, values[0], Order(values[1].decode(), values[4], values[2]))
            case b"E" | b"C" | b"X":
                self._take(values[0], values[1])
            case b"D":
                self._take(values[0], None)
            case b"U" if values[0] in self.orders:
                place, old = self.orders[values[0]]
                self._take(values[0], None)
                self._add(place, values[1], Order(old.side, values[3], values[2]))

    def _add(self, locate: int, reference: int, order: Order) -> None:
        self.orders[reference] = (locate, order)
        level = self.prices[locate, order.side].setdefault(order.price, [0, 0])
        level[0] += order.size
        level[1] += 1

    def _take(self, reference: int, size: int | None) -> None:
        if reference not in self.orders:
            return
        locate, order = self.orders[reference]
        taken = order.size if size is None else min(size, order.size)
        levels = self.prices[locate, order.side]
        order.size -= taken
        levels[order.price][0] -= taken
        if order.size == 0:
            del self.orders[reference]
            levels[order.price][1] -= 1
            if levels[order.price][1] == 0:
                del levels[order.price]

    def levels(self, locate: int, depth: int) -> list[tuple[int, ...]]:
        """Bid price, size, count, ask price, size, count of the best levels, in 1e-9 dollars; 2^63 - 1 for no price."""
        sides = []
        for side, best in (("B", heapq.nlargest), ("S", heapq.nsmallest)):
            found = self.prices[locate, side]
            filled = [(price * 100_000, *found[price]) for price in best(depth, found)]
            sides.append(filled + [(2**63 - 1, 0, 0)] * (depth - len(filled)))
        return [(*bid, *ask) for bid, ask in zip(*sides, strict=True)]


def messages_in(data: bytes) -> Iterator[bytes]:
    """The messages of a file, whatever lengths it states."""
    sizes = {kind: struct.calcsize(HEAD + body) for kind, body in BODIES.items()}
    position = 0
    while position < len(data):
        size = sizes[chr(data[position + 2])]
        yield data[position + 2 : position + 2 + size]
        position += 2 + size


def messages_of(events: Iterable[Event], midnight: int) -> Iterator[bytes]:
    """Each event as a message, a clear as that of the directory; a record's instrument is its locate. ``midnight``: ns
    since the epoch."""
    for what, one, other in events:
        place = {"locate": one.instrument_id, "at": one.ts_event - midnight}
        match what:
            case "clear":
                yield message("R", str(one.instrument_id), **place)
            case "add":
                yield message("A", one.order_id, _letter(one), one.size, "", one.price // UNIT, **place)
            case "execute":
                yield message("E", one.order_id, one.size, **place)
            case "cancel":
                yield message("X", one.order_id, one.size, **place)
            case "delete":
                yield message("D", one.order_id, **place)
            case "replace":
                yield message("U", one.order_id, other.order_id, other.size, other.price // UNIT, **place)


def _letter(record: Record) -> str:
    return "B" if record.side == ord("B") else "S"
