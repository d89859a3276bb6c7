"""Rehash of the order table: all orders get home slots again; their slots change, which is safe because nothing refers
to them.

Orders are moved to another table, which may have another hash; or, if a table has reserved addresses behind it, are
spread over it from its end on: a multiplicative hash with range reduction keeps the order of its values.
"""

from __future__ import annotations

import numpy as np

from lobench.engine.aligned_alloc import LINE_BYTES, aligned_free, growable_alloc, length_of
from lobench.engine.compiling import kernel
from lobench.engine.counters import TABLES_BUILT, tally
from lobench.engine.layout import record
from lobench.engine.native import INTEGER, Record, free, int64, malloc, memset, trailing_zeros, uint64, view
from lobench.variants.p7_cache_layout.layout import DEAD, LINE, SLOT, SLOTS
from lobench.variants.p7_cache_layout.orders import (
    SLOT_BYTES,
    STAMP_BYTES,
    STAMPS_BYTES,
    empty_slots,
    erase,
    home_of,
    insert,
    key_of_level,
    level_of,
    line_at,
    put_elsewhere,
    put_level,
    scatter_for,
    slot_at,
)
from lobench.variants.p7_cache_layout.pool import free_level, level_at

WAITING = record(("order_id", "u8"), ("size", "u4"), ("level", "u4"), ("stamp", "i8"))
"""An order that waits for its place in a table; both its stamps at once."""
WAITING_BYTES = WAITING.itemsize
AHEAD = 8
MOST_AHEAD = 1 << 24
"""A table reserves addresses for this multiple of its lines, and for at most this many lines (1 GiB of slots)."""
ALL_SLOTS = (1 << SLOTS) - 1
_NOTHING, _ONE = uint64(0), uint64(1)


@kernel
def purge(packed: Record) -> None:
    """Take the orders of dead levels out of the table; then these levels can be used again."""
    if packed["dead_level"] != 0:
        for place in range(packed["lines"] * SLOTS):
            slot = slot_at(packed, place)
            number = level_of(slot)
            if number != 0 and int64(level_at(packed, number)["owner"]) & DEAD != 0:
                erase(packed, home_of(packed, slot["order_id"], key_of_level(packed, number)), place)
        number = packed["dead_level"]
        while number != 0:
            following = int64(level_at(packed, number)["next"])
            free_level(packed, number)
            number = following
        packed["dead_level"] = 0


@kernel
def rehash(packed: Record, lines: int, probe: Record) -> None:
    """Bring all resting orders to the places that they have in a table of ``lines`` lines."""
    tally(probe, TABLES_BUILT, 1)
    packed["moved"] = 1
    purge(packed)
    if packed["lines"] < lines <= packed["most_lines"]:
        spread(packed, lines)
    else:
        move(packed, lines)


@kernel
def move(packed: Record, lines: int) -> None:
    """Move all orders to a new table."""
    slots, stamps, count = packed["slots"], packed["stamps"], packed["lines"] * SLOTS
    wished = max(lines, min(lines * AHEAD, MOST_AHEAD))
    packed["slots"] = growable_alloc(lines * LINE_BYTES, wished * LINE_BYTES)
    packed["stamps"] = growable_alloc(lines * STAMPS_BYTES, wished * STAMPS_BYTES)
    given = min(length_of(packed["slots"]) // LINE_BYTES, length_of(packed["stamps"]) // STAMPS_BYTES)
    packed["lines"] = lines
    if packed["salt"] == _NOTHING:
        packed["scatter"] = scatter_for(lines)
    packed["most_lines"] = max(lines, given)
    packed["used"] = 0
    packed["reach"] = 0
    if count == 0:
        # The first table is made before records come: its pages are, too.
        memset(packed["slots"], np.int32(0), lines * LINE_BYTES)
        memset(packed["stamps"], np.int32(0), lines * STAMPS_BYTES)
    for first in range(0, count, SLOTS):
        # Which slots are empty is unpredictable: walk over their bits instead of testing each.
        taken = uint64(~empty_slots(view(slots + first * SLOT_BYTES, LINE)) & ALL_SLOTS)
        while taken != _NOTHING:
            index = first + trailing_zeros(taken)
            taken = taken & (taken - _ONE)
            slot = view(slots + index * SLOT_BYTES, SLOT)
            stamp = view(stamps + index * STAMP_BYTES, INTEGER)["value"]
            number = level_of(slot)
            home = home_of(packed, slot["order_id"], key_of_level(packed, number))
            settle(packed, home, slot["order_id"], int64(slot["size"]), number, stamp)
    aligned_free(slots)
    aligned_free(stamps)


@kernel
def settle(packed: Record, home: int, order_id: int, size: int, number: int, stamp: int) -> None:
    """Bring an order whose line is ``home`` to a table; ``stamp``: both stamps at once."""
    place = insert(packed, home, order_id, size, number, None)
    view(packed["stamps"] + place * STAMP_BYTES, INTEGER)["value"] = stamp


@kernel
def spread(packed: Record, lines: int) -> None:
    """Spread all orders over a table that grows to ``lines`` lines in place: only the added lines need memory.

    An order's line is never before its old one, so the last lines go first; after that pass most orders are in place.
    Those whose line is full wait aside until the rest is placed.
    """
    old = packed["lines"]
    aside = malloc(packed["used"] * WAITING_BYTES)
    if aside == 0:
        raise MemoryError("no memory for orders and levels")
    waiting = int64(0)
    packed["lines"] = lines
    packed["reach"] = 0
    for line in range(old - 1, -1, -1):
        own = line_at(packed, line)
        put_elsewhere(own, int64(0), int64(0))
        taken = uint64(~empty_slots(own) & ALL_SLOTS)
        while taken != _NOTHING:
            index = line * SLOTS + trailing_zeros(taken)
            taken = taken & (taken - _ONE)
            slot = slot_at(packed, index)
            number = level_of(slot)
            home = home_of(packed, slot["order_id"], key_of_level(packed, number))
            if home != line:
                stamp = view(packed["stamps"] + index * STAMP_BYTES, INTEGER)["value"]
                put_level(slot, int64(0))
                packed["used"] -= 1
                if empty_slots(line_at(packed, home)) == 0:
                    order = view(aside + waiting * WAITING_BYTES, WAITING)
                    order["order_id"] = slot["order_id"]
                    order["size"] = slot["size"]
                    order["level"] = number
                    order["stamp"] = stamp
                    waiting += 1
                else:
                    settle(packed, home, slot["order_id"], int64(slot["size"]), number, stamp)
    for index in range(waiting):
        order = view(aside + index * WAITING_BYTES, WAITING)
        number = int64(order["level"])
        home = home_of(packed, order["order_id"], key_of_level(packed, number))
        settle(packed, home, order["order_id"], int64(order["size"]), number, order["stamp"])
    free(aside)
