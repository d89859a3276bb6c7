"""The generator's own books: FIFO queues on price ladders. And its random numbers.

Sides are 0 (bid) and 1 (ask), prices are steps of a book's ladder, orders are slots of one pool. An empty side's best
is -1.
"""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.native import Record
from lobench.engine.synthetic.views import best_of, book_at, level_at, order_at, table_entry

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@kernel
def mixed(z: np.uint64) -> np.uint64:
    """splitmix64's finalizer, a bijection of 64 bits."""
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


@kernel
def random(market: Record) -> np.uint64:
    """64 random bits: splitmix64 (Steele, Lea and Flood 2014)."""
    market["random"] = market["random"] + _STEP
    return mixed(market["random"])


@kernel
def below(market: Record, limit: int) -> int:
    """A random integer of 0 … limit - 1; limit below 2^31."""
    return int(((random(market) >> np.uint64(32)) * np.uint64(limit)) >> np.uint64(32))


@kernel
def chance(market: Record, share: int) -> bool:
    """True in ``share`` of 1024 cases."""
    return below(market, 1024) < share


@kernel
def draw(market: Record, table: int) -> int:
    """A value of one of the measured distributions."""
    return table_entry(market, table, below(market, 1024))


@kernel
def next_level(market: Record, book: int, side: int, step: int) -> int:
    """The first step with orders from ``step`` on, away from the other side; -1 if there is none."""
    width = book_at(market, book)["width"]
    way = 2 * side - 1
    while 0 <= step < width:
        if level_at(market, book, side, step)["head"] != 0:
            return step
        step += way
    return -1


@kernel
def beats(side: int, step: int, other: int) -> bool:
    """Whether ``step`` is a better price than ``other``; anything beats -1."""
    return other < 0 or (step > other if side == 0 else step < other)


@kernel
def join(market: Record, book: int, side: int, step: int, slot: int) -> None:
    """Put an order at the tail of the queue."""
    order = order_at(market, slot)
    level = level_at(market, book, side, step)
    order["side"] = side
    order["tick"] = step
    order["next"] = 0
    order["previous"] = level["tail"]
    if level["tail"] != 0:
        order_at(market, level["tail"])["next"] = slot
    else:
        level["head"] = slot
    level["tail"] = slot
    level["count"] += 1
    if beats(side, step, best_of(market, book, side)["value"]):
        best_of(market, book, side)["value"] = step


@kernel
def leave(market: Record, book: int, slot: int) -> None:
    """Take an order out of its queue."""
    order = order_at(market, slot)
    side, step = order["side"], order["tick"]
    level = level_at(market, book, side, step)
    if order["previous"] != 0:
        order_at(market, order["previous"])["next"] = order["next"]
    else:
        level["head"] = order["next"]
    if order["next"] != 0:
        order_at(market, order["next"])["previous"] = order["previous"]
    else:
        level["tail"] = order["previous"]
    level["count"] -= 1
    if level["head"] == 0 and best_of(market, book, side)["value"] == step:
        best_of(market, book, side)["value"] = next_level(market, book, side, step)


@kernel
def create(market: Record, book: int, side: int, step: int, size: int, order_id: np.uint64) -> int:
    """A new order at the tail of a queue; the pool must not be full (``full``)."""
    slot = market["free"]
    order = order_at(market, slot)
    market["free"] = order["next"]
    order["id"] = order_id
    order["size"] = size
    join(market, book, side, step, slot)
    book_at(market, book)["live"] += 1
    market["live"] += 1
    return int(slot)


@kernel
def destroy(market: Record, book: int, slot: int) -> None:
    """Remove an order; its slot is used again."""
    leave(market, book, slot)
    order_at(market, slot)["next"] = market["free"]
    market["free"] = slot
    book_at(market, book)["live"] -= 1
    market["live"] -= 1


@kernel
def full(market: Record) -> bool:
    return bool(market["free"] == 0)


@kernel
def clear(market: Record, book: int) -> None:
    """Remove all orders of a book."""
    for side in range(2):
        while best_of(market, book, side)["value"] >= 0:
            destroy(market, book, level_at(market, book, side, best_of(market, book, side)["value"])["head"])


@kernel
def crossed(market: Record, book: int) -> bool:
    bid, ask = best_of(market, book, 0)["value"], best_of(market, book, 1)["value"]
    return bool(bid >= 0 and ask >= 0 and bid >= ask)
