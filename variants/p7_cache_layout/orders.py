"""The order table: lines of four orders, found by a multiplicative hash of the id, no links and no tombstones.
Consecutive ids are on consecutive lines, so that orders that come and go together share pages.

A line's first slot counts the orders that found it full and went to a later line, its second records how far: if there
are none, a search ends with the line. Slots are not stable, so no other data refers to them.
"""

from __future__ import annotations

from lobench.engine.aligned_alloc import LINE_BYTES
from lobench.engine.compiling import kernel
from lobench.engine.counters import LINES_TOUCHED, LOOKUP_PROBES, TABLE_UPDATE_PROBES, tally
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, Record, element, high_product, int64, trailing_zeros, uint64, view
from lobench.variants.p7_cache_layout.layout import (
    DEAD,
    LEVEL_BITS,
    LEVEL_MASK,
    LINE,
    MOST_OVER,
    SLOT,
    SLOTS,
    STAMP,
)
from lobench.variants.p7_cache_layout.pool import level_at, lose_dead_order

SLOT_BYTES = SLOT.itemsize
STAMP_BYTES = STAMP.itemsize
STAMPS_BYTES = SLOTS * STAMP_BYTES
ONE_OVER = 1 << LEVEL_BITS
NONE_EMPTY = 1 << SLOTS
_NOTHING, _ONE = uint64(0), uint64(1)
_GOLDEN = uint64(0x9E3779B97F4A7C15)


@kernel(stage="lookup")
def home_of(packed: Record, order_id: int, key: int) -> int:
    """The line where an order of the book ``key`` belongs."""
    scattered = uint64(order_id) * packed["scatter"] + uint64(key) * packed["salt"]
    return high_product(scattered, uint64(packed["lines"]))


@kernel
def scatter_for(lines: int) -> int:
    """The multiplier of a hash that puts consecutive ids on consecutive lines of a table: new orders and those that
    leave soon share a few pages. After all lines it goes on 0.618 lines behind, so that ids do not come to the same
    line again where the table has grown in place."""
    step = ~_NOTHING // uint64(lines)
    return step + high_product(step, _GOLDEN) // lines | _ONE


@kernel
def line_at(packed: Record, line: int) -> Record:
    return view(element(packed["slots"], line, packed["lines"], LINE_BYTES), LINE)


@kernel
def slot_at(packed: Record, slot: int) -> Record:
    return view(element(packed["slots"], slot, packed["lines"] * SLOTS, SLOT_BYTES), SLOT)


@kernel
def stamp_at(packed: Record, slot: int) -> Record:
    return view(element(packed["stamps"], slot, packed["lines"] * SLOTS, STAMP_BYTES), STAMP)


@kernel
def level_of(slot: Record) -> int:
    """Number of a slot's level, 0 if the slot is empty."""
    return int64(slot["level"]) & LEVEL_MASK


@kernel
def put_level(slot: Record, number: int) -> None:
    slot["level"] = (int64(slot["level"]) & ~int64(LEVEL_MASK)) | number


@kernel
def following(packed: Record, line: int) -> int:
    return line + 1 if line + 1 < packed["lines"] else int64(0)


@kernel
def matches(line: Record, order_id: int) -> int:
    """Which slots of a line hold this id, one bit each, empty ones included."""
    return (
        int64(line["id_0"] == order_id)
        | (int64(line["id_1"] == order_id) << 1)
        | (int64(line["id_2"] == order_id) << 2)
        | (int64(line["id_3"] == order_id) << 3)
    )


@kernel
def empty_slots(line: Record) -> int:
    """Which slots of a line are empty, one bit each."""
    return (
        int64((int64(line["level_0"]) & LEVEL_MASK) == 0)
        | (int64((int64(line["level_1"]) & LEVEL_MASK) == 0) << 1)
        | (int64(line["level_2"] == 0) << 2)
        | (int64(line["level_3"] == 0) << 3)
    )


@kernel
def elsewhere(line: Record) -> int:
    """The number of this line's orders in other lines."""
    return int64(line["level_0"]) >> LEVEL_BITS


@kernel
def put_elsewhere(line: Record, count: int, distance: int) -> None:
    """The number of this line's orders in other lines, and how far away at most."""
    line["level_0"] = (int64(line["level_0"]) & LEVEL_MASK) | (count << LEVEL_BITS)
    line["level_1"] = (int64(line["level_1"]) & LEVEL_MASK) | (distance << LEVEL_BITS)


@kernel
def farthest(packed: Record, line: Record) -> int:
    """How many lines away from this one any order of it is at most."""
    distance = int64(line["level_1"]) >> LEVEL_BITS
    return distance if distance < MOST_OVER else packed["reach"]


@kernel
def key_of_level(packed: Record, level: int) -> int:
    """Key of the book of a level, dead or not, for the hash: 0 while it has no book."""
    key = int64(0)
    if packed["salt"] != _NOTHING:
        number = (int64(level_at(packed, level)["owner"]) & ~int64(DEAD)) >> 1
        key = view(view(element(packed["books"], number, packed["book_room"], 8), INTEGER)["value"], BOOK)["key"]
    return key


@kernel
def find_in(packed: Record, line: int, order_id: int, number: int) -> int:
    """Slot of the order of book ``number`` in this line, -1 if it is not there."""
    held = uint64(matches(line_at(packed, line), order_id))
    found = int64(-1)
    while held != _NOTHING:
        slot = line * SLOTS + trailing_zeros(held)
        # The level 0 of an empty slot belongs to no book.
        if int64(level_at(packed, level_of(slot_at(packed, slot)))["owner"]) >> 1 == number:
            found = slot
            break
        held = held & (held - _ONE)
    return found


@kernel
def walk(packed: Record, home: int, order_id: int, number: int, probe: Record) -> int:
    """``find`` in the lines behind an order's own."""
    found = int64(-1)
    line = home
    for _ in range(farthest(packed, line_at(packed, home))):
        line = following(packed, line)
        found = find_in(packed, line, order_id, number)
        packed["walked"] += 1
        tally(probe, LOOKUP_PROBES, 1)
        tally(probe, LINES_TOUCHED, 1)
        if found >= 0:
            break
    return found


@kernel(stage="lookup")
def find(packed: Record, home: int, order_id: int, number: int, probe: Record) -> int:
    """Slot of the order of book ``number`` with this id, -1 if none rests."""
    found = find_in(packed, home, order_id, number)
    tally(probe, LOOKUP_PROBES, 1)
    tally(probe, LINES_TOUCHED, 1)
    if found < 0 and elsewhere(line_at(packed, home)) != 0:
        found = walk(packed, home, order_id, number, probe)
    return found


@kernel
def reclaim(packed: Record, line: int) -> int:
    """Take an order of a dead level, if there is one, out of a full line; returns the line's empty slots. The same ids
    after each clear would else fill line after line."""
    if packed["dead_level"] != 0:
        for place in range(line * SLOTS, line * SLOTS + SLOTS):
            slot = slot_at(packed, place)
            number = level_of(slot)
            if int64(level_at(packed, number)["owner"]) & DEAD != 0:
                erase(packed, home_of(packed, slot["order_id"], key_of_level(packed, number)), place)
                lose_dead_order(packed, number)
                break
    return empty_slots(line_at(packed, line))


@kernel(stage="lookup")
def insert(packed: Record, home: int, order_id: int, size: int, number: int, probe: Record) -> int:
    """Slot of a new order, in its own line or the next one with room."""
    line = line_at(packed, home)
    empty = empty_slots(line)
    if empty == 0:
        empty = reclaim(packed, home)
    place = home * SLOTS + trailing_zeros(uint64(empty | NONE_EMPTY))
    tally(probe, TABLE_UPDATE_PROBES, 1)
    if empty == 0:
        other = home
        steps = int64(0)
        while empty == 0:
            other = following(packed, other)
            steps += 1
            empty = empty_slots(line_at(packed, other))
            if empty == 0:
                empty = reclaim(packed, other)
        place = other * SLOTS + trailing_zeros(uint64(empty))
        packed["reach"] = max(packed["reach"], steps)
        count, distance = min(elsewhere(line) + 1, int64(MOST_OVER)), int64(line["level_1"]) >> LEVEL_BITS
        put_elsewhere(line, count, max(distance, min(steps, int64(MOST_OVER))))
        packed["walked"] += steps
        tally(probe, TABLE_UPDATE_PROBES, steps)
        tally(probe, LINES_TOUCHED, steps)
    slot = slot_at(packed, place)
    slot["order_id"] = order_id
    slot["size"] = size
    put_level(slot, number)
    packed["used"] += 1
    return place


@kernel(stage="lookup")
def erase(packed: Record, home: int, place: int) -> None:
    """Empty the slot of an order whose line is ``home``."""
    put_level(slot_at(packed, place), int64(0))
    packed["used"] -= 1
    if place // SLOTS != home:
        line = line_at(packed, home)
        count = elsewhere(line)
        if count == 1:
            put_elsewhere(line, int64(0), int64(0))
        elif count < MOST_OVER:
            line["level_0"] = int64(line["level_0"]) - ONE_OVER
