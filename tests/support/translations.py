"""MBO records written as ITCH messages and as LOBSTER messages, for round trips.

Properties that the formats cannot express are changed on the way: neither has publishers, packets or times of receipt;
ITCH has no modify (it replaces an order by one of another id), LOBSTER has a single stock and no modify either (it
deletes and submits).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tests.support.itch_files import message, stock
from tests.support.lobster_files import Message

Records = npt.NDArray[np.void]
UNIT = 100_000
_NEW_IDS = 1 << 50


@dataclass
class _Orders:
    """Side, price (1e-4 dollars) and size of resting orders, by instrument and id; and the present id of each order."""

    resting: dict[tuple[int, int], tuple[str, int, int]] = field(default_factory=dict)
    renamed: dict[tuple[int, int], int] = field(default_factory=dict)

    def name(self, key: tuple[int, int]) -> int:
        return self.renamed.get(key, key[1])

    def take(self, key: tuple[int, int], size: int) -> bool:
        """Take size off an order; True where nothing is left."""
        side, price, left = self.resting[key]
        self.resting[key] = (side, price, left - size)
        if left <= size:
            del self.resting[key]
        return left <= size


def steps(records: Records) -> Iterator[tuple[str, np.void, _Orders, tuple[int, int]]]:
    """Events in order: add, cancel, delete, modify, fill, trade or clear, with the record and the orders before it; an
    execution's T, F and C are one fill."""
    orders = _Orders()
    filled = False
    for place, one in enumerate(records):
        key = (int(one["instrument_id"]), int(one["order_id"]))
        action = chr(one["action"])
        size, price = int(one["size"]), int(one["price"]) // UNIT
        if action == "R":
            yield "clear", one, orders, key
        elif action in "AM":
            yield ("add" if action == "A" else "modify"), one, orders, key
            orders.resting[key] = (chr(one["side"]), price, size)
        elif action == "F":
            yield "fill", one, orders, key
            orders.take(key, size)
            filled = True
        elif action == "T":
            follows = place + 1 < len(records) and records[place + 1]["action"] == ord("F")
            if not follows:
                yield "trade", one, orders, key
        elif action == "C":
            if not filled:
                whole = orders.resting[key][2] <= size
                yield ("delete" if whole else "cancel"), one, orders, key
                orders.take(key, size)
            filled = False


def as_itch(records: Records, midnight: int) -> list[bytes]:
    """Messages of records whose price is a multiple of 1e-4 dollars; locates are instrument ids."""
    made: list[bytes] = []
    for what, one, orders, key in steps(records):
        head = {"locate": key[0], "at": int(one["ts_event"]) - midnight}
        name, size, price = orders.name(key), int(one["size"]), int(one["price"]) // UNIT
        side = {"B": "B", "A": "S"}.get(chr(one["side"]), "B")
        symbol = f"S{key[0]}"
        if what == "clear":
            made.append(stock(key[0], symbol, head["at"]))
        elif what == "add":
            made.append(message("AF"[name % 2], name, side, size, symbol, price, **head))
        elif what == "cancel":
            made.append(message("X", name, size, **head))
        elif what == "delete":
            made.append(message("D", name, **head))
        elif what == "modify":
            orders.renamed[key] = _NEW_IDS + len(made)
            made.append(message("U", name, orders.renamed[key], size, price, **head))
        elif what == "fill" and price == orders.resting[key][1]:
            made.append(message("E", name, size, **head))
        elif what == "fill":
            made.append(message("C", name, size, 0, "Y", price, **head))
        elif what == "trade":
            made.append(message("P", 0, "B", size, symbol, price, **head))
    return made


def as_lobster(records: Records, midnight: int) -> list[Message]:
    """Lines of one instrument's records."""
    made: list[Message] = []
    for what, one, orders, key in steps(records):
        nanoseconds = int(one["ts_event"]) - midnight
        time = f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"
        size, price = int(one["size"]), int(one["price"]) // UNIT
        direction = 1 if chr(one["side"]) == "B" else -1
        if what == "add":
            made.append((time, 1, key[1], size, price, direction))
        elif what in ("cancel", "delete"):
            made.append((time, 2 if what == "cancel" else 3, key[1], size, price, direction))
        elif what == "modify":
            side, before, left = orders.resting[key]
            made.append((time, 3, key[1], left, before, 1 if side == "B" else -1))
            made.append((time, 1, key[1], size, price, direction))
        elif what == "fill":
            made.append((time, 4, key[1], size, price, direction))
        elif what == "trade":
            made.append((time, 5, 0, size, price, -direction))
    return made
