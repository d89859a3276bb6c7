"""The order table: lines of four orders, found by a multiplicative hash of the id, no links and no tombstones.

A line's first slot counts the orders that found it full and went to a line behind it, its second says how far: while
there are none, a search ends with the line. Slots are not stable, and nobody keeps them.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.counters import LINES_TOUCHED, LOOKUP_PROBES, TABLE_UPDATE_PROBES, tally
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, Record, element, high_product, int64, trailing_zeros, uint64, view
from lobench.variants.p7_cache_layout.layout import (
    DEAD,
    LEVEL_BITS,
    LEVEL_MASK,
    LINE,
    LINE_BYTES,
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


@kernel(stage="lookup")
def home_of(state: Record, order_id: int, key: int) -> int:
    """The line where an order of the book ``key`` belongs."""
    scattered = uint64(order_id) * state["scatter"] + uint64(key) * state["salt"]
    return high_product(scattered, uint64(state["lines"]))


@kernel
def line_at(state: Record, line: int) -> Record:
    return view(element(state["slots"], line, state["lines"], LINE_BYTES), LINE)


@kernel
def slot_at(state: Record, slot: int) -> Record:
    return view(element(state["slots"], slot, state["lines"] * SLOTS, SLOT_BYTES), SLOT)


@kernel
def stamp_at(state: Record, slot: int) -> Record:
    return view(element(state["stamps"], slot, state["lines"] * SLOTS, STAMP_BYTES), STAMP)


@kernel
def level_of(slot: Record) -> int:
    """Number of a slot's level, 0 if the slot is empty."""
    return int64(slot["level"]) & LEVEL_MASK


@kernel
def put_level(slot: Record, number: int) -> None:
    slot["level"] = (int64(slot["level"]) & ~int64(LEVEL_MASK)) | number


@kernel
def following(state: Record, line: int) -> int:
    return line + 1 if line + 1 < state["lines"] else int64(0)


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
    """How many orders of this line stand in others."""
    return int64(line["level_0"]) >> LEVEL_BITS


@kernel
def put_elsewhere(line: Record, count: int, distance: int) -> None:
    """How many orders of this line stand in others, and how far away at most."""
    line["level_0"] = (int64(line["level_0"]) & LEVEL_MASK) | (count << LEVEL_BITS)
    line["level_1"] = (int64(line["level_1"]) & LEVEL_MASK) | (distance << LEVEL_BITS)


@kernel
def farthest(state: Record, line: Record) -> int:
    """How many lines away from this one any order of it is at most."""
    distance = int64(line["level_1"]) >> LEVEL_BITS
    return distance if distance < MOST_OVER else state["reach"]


@kernel
def key_of_level(state: Record, level: int) -> int:
    """Key of the book of a level, dead or not; what the hash needs of it: 0 while it knows no book."""
    key = int64(0)
    if state["salt"] != _NOTHING:
        number = (int64(level_at(state, level)["owner"]) & ~int64(DEAD)) >> 1
        key = view(view(element(state["books"], number, state["book_room"], 8), INTEGER)["value"], BOOK)["key"]
    return key


@kernel
def find_in(state: Record, line: int, order_id: int, number: int) -> int:
    """Slot of the order of book ``number`` in this line, -1 if it is not there."""
    held = uint64(matches(line_at(state, line), order_id))
    found = int64(-1)
    while held != _NOTHING:
        slot = line * SLOTS + trailing_zeros(held)
        # Level 0, of an empty slot, belongs to no book.
        if int64(level_at(state, level_of(slot_at(state, slot)))["owner"]) >> 1 == number:
            found = slot
            break
        held = held & (held - _ONE)
    return found


@kernel
def walk(state: Record, home: int, order_id: int, number: int, probe: Record) -> int:
    """``find`` in the lines behind an order's own."""
    found = int64(-1)
    line = home
    for _ in range(farthest(state, line_at(state, home))):
        line = following(state, line)
        found = find_in(state, line, order_id, number)
        state["walked"] += 1
        tally(probe, LOOKUP_PROBES, 1)
        tally(probe, LINES_TOUCHED, 1)
        if found >= 0:
            break
    return found


@kernel(stage="lookup")
def find(state: Record, home: int, order_id: int, number: int, probe: Record) -> int:
    """Slot of the order of book ``number`` with this id, -1 if none rests."""
    found = find_in(state, home, order_id, number)
    tally(probe, LOOKUP_PROBES, 1)
    tally(probe, LINES_TOUCHED, 1)
    if found < 0 and elsewhere(line_at(state, home)) != 0:
        found = walk(state, home, order_id, number, probe)
    return found


@kernel
def reclaim(state: Record, line: int) -> int:
    """Take an order of a dead level, if there is one, out of a full line; returns the line's empty slots. The same ids
    after each clear would else fill line after line."""
    if state["dead_level"] != 0:
        for place in range(line * SLOTS, line * SLOTS + SLOTS):
            slot = slot_at(state, place)
            number = level_of(slot)
            if int64(level_at(state, number)["owner"]) & DEAD != 0:
                erase(state, home_of(state, slot["order_id"], key_of_level(state, number)), place)
                lose_dead_order(state, number)
                break
    return empty_slots(line_at(state, line))


@kernel(stage="lookup")
def insert(state: Record, home: int, order_id: int, size: int, number: int, probe: Record) -> int:
    """Slot of a new order, in its own line or the next one with room."""
    line = line_at(state, home)
    empty = empty_slots(line)
    if empty == 0:
        empty = reclaim(state, home)
    place = home * SLOTS + trailing_zeros(uint64(empty | NONE_EMPTY))
    tally(probe, TABLE_UPDATE_PROBES, 1)
    if empty == 0:
        other = home
        steps = int64(0)
        while empty == 0:
            other = following(state, other)
            steps += 1
            empty = empty_slots(line_at(state, other))
            if empty == 0:
                empty = reclaim(state, other)
        place = other * SLOTS + trailing_zeros(uint64(empty))
        state["reach"] = max(state["reach"], steps)
        count, distance = min(elsewhere(line) + 1, int64(MOST_OVER)), int64(line["level_1"]) >> LEVEL_BITS
        put_elsewhere(line, count, max(distance, min(steps, int64(MOST_OVER))))
        state["walked"] += steps
        tally(probe, TABLE_UPDATE_PROBES, steps)
        tally(probe, LINES_TOUCHED, steps)
    slot = slot_at(state, place)
    slot["order_id"] = order_id
    slot["size"] = size
    put_level(slot, number)
    state["used"] += 1
    return place


@kernel(stage="lookup")
def erase(state: Record, home: int, place: int) -> None:
    """Empty the slot of an order whose line is ``home``."""
    put_level(slot_at(state, place), int64(0))
    state["used"] -= 1
    if place // SLOTS != home:
        line = line_at(state, home)
        count = elsewhere(line)
        if count == 1:
            put_elsewhere(line, int64(0), int64(0))
        elif count < MOST_OVER:
            line["level_0"] = int64(line["level_0"]) - ONE_OVER
