"""A side's price ladder: a sorted array of (key, level), best level last, and each level's queue of orders.

Keys make both sides ascend towards the best price: the price itself for bids, its bitwise complement for asks (which
reverses the order of int64 and cannot overflow, as a change of sign can).
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.layout import LEVEL, LINKS, ORDER, RUNG
from lobench.engine.native import Record, element, int64, memmove, realloc, view

RUNG_BYTES = RUNG.itemsize

NEAR = 8
"""Rungs from the best that a search looks at one by one."""


@kernel
def rung_at(side: Record, index: int) -> Record:
    """The rung record at ``index`` of a side, 0 the worst level."""
    return view(element(side["rungs"], index, side["count"], RUNG_BYTES), RUNG)


@kernel(stage="best price")
def level_from_best(side: Record, depth: int) -> int:
    """Address of the level ``depth`` places behind the best, 0 if there is none."""
    level = int64(0)
    if depth < side["count"]:
        level = rung_at(side, side["count"] - 1 - depth)["level"]
    return level


@kernel
def key_of(price: int, which: int) -> int:
    """Ladder key of a price; ``which`` is 0 for bids, 1 for asks."""
    return ~price if which == 1 else price


@kernel
def search(side: Record, key: int) -> int:
    """Index of the first rung whose key is not below ``key``.

    Most records are near the touch: the best rungs are looked at one by one, the others by bisection.
    """
    high = side["count"]
    low = max(int64(0), high - NEAR)
    while high > low and rung_at(side, high - 1)["key"] >= key:
        high -= 1
    if high == low:
        low = int64(0)
    else:
        low = high
    while low < high:
        middle = (low + high) >> 1
        if rung_at(side, middle)["key"] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def open_rung(side: Record, index: int, key: int, level: int) -> None:
    """Insert a rung at ``index``."""
    if side["count"] == side["capacity"]:
        side["capacity"] = max(int64(32), side["capacity"] * 2)
        side["rungs"] = realloc(side["rungs"], side["capacity"] * RUNG_BYTES)
    above = side["count"] - index
    side["count"] += 1
    start = element(side["rungs"], index, side["count"], RUNG_BYTES)
    memmove(start + RUNG_BYTES, start, above * RUNG_BYTES)
    rung = view(start, RUNG)
    rung["key"] = key
    rung["level"] = level


@kernel
def close_rung(side: Record, index: int) -> None:
    """Remove the rung at ``index``."""
    start = element(side["rungs"], index, side["count"], RUNG_BYTES)
    memmove(start, start + RUNG_BYTES, (side["count"] - 1 - index) * RUNG_BYTES)
    side["count"] -= 1


@kernel
def start_level(address: int, price: int, which: int) -> None:
    """Make the memory at ``address`` an empty level."""
    level = view(address, LEVEL)
    level["next"] = address
    level["previous"] = address
    level["price"] = price
    level["size"] = 0
    level["count"] = 0
    level["side"] = which


@kernel
def join_queue(level_address: int, order_address: int) -> None:
    """Put an order at the tail of a level's queue."""
    level = view(level_address, LEVEL)
    order = view(order_address, ORDER)
    last = level["previous"]
    order["level"] = level_address
    order["previous"] = last
    order["next"] = level_address
    view(last, LINKS)["next"] = order_address
    level["previous"] = order_address
    level["size"] += order["size"]
    level["count"] += 1


@kernel
def leave_queue(order_address: int) -> None:
    """Take an order out of its level's queue."""
    order = view(order_address, ORDER)
    level = view(order["level"], LEVEL)
    view(order["previous"], LINKS)["next"] = order["next"]
    view(order["next"], LINKS)["previous"] = order["previous"]
    level["size"] -= order["size"]
    level["count"] -= 1
