"""The order table: lines of four orders, found by a multiplicative hash of the id, no links and no tombstones.

A line's first slot counts the orders that found it full and went to a line behind it: while there are none, a search
ends with the line. Slots are not stable, and nobody keeps them.
"""

from __future__ import annotations

from engine.compiling import kernel
from engine.counters import LINES_TOUCHED, LOOKUP_PROBES, TABLE_UPDATE_PROBES, tally
from engine.layout import BOOK
from engine.native import INTEGER, Record, element, high_product, int64, trailing_zeros, uint64, view
from engine.packed.layout import DEAD, LEVEL, LEVEL_BITS, LEVEL_MASK, LINE, LINE_BYTES, MOST_OVER, SLOT, SLOTS, STAMP

SLOT_BYTES = SLOT.itemsize
STAMP_BYTES = STAMP.itemsize
LEVEL_BYTES = LEVEL.itemsize
STAMPS_BYTES = SLOTS * STAMP_BYTES
ONE_OVER = 1 << LEVEL_BITS
NONE_EMPTY = 1 << SLOTS
_UNSALTED = uint64(0)


@kernel
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
def level_at(state: Record, number: int) -> Record:
    return view(element(state["levels"], number, state["level_room"], LEVEL_BYTES), LEVEL)


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
        | (int64(line["level_1"] == 0) << 1)
        | (int64(line["level_2"] == 0) << 2)
        | (int64(line["level_3"] == 0) << 3)
    )


@kernel
def key_of_level(state: Record, level: int) -> int:
    """Key of the book of a level, dead or not; what the hash needs of it: 0 while it knows no book."""
    key = int64(0)
    if state["salt"] != _UNSALTED:
        number = (int64(level_at(state, level)["owner"]) & ~int64(DEAD)) >> 1
        key = view(view(element(state["books"], number, state["book_room"], 8), INTEGER)["value"], BOOK)["key"]
    return key


@kernel
def walk(state: Record, home: int, order_id: int, number: int, probe: Record) -> int:
    """Slot of an order wherever it may be, -1 if it does not rest."""
    found = int64(-1)
    # Lines are looked at until all orders of this one have been met.
    missing = int64(slot_at(state, home * SLOTS)["level"]) >> LEVEL_BITS
    endless = missing == MOST_OVER
    line = home
    for step in range(state["reach"] + 1):
        for place in range(SLOTS):
            slot = slot_at(state, line * SLOTS + place)
            level = level_of(slot)
            if level != 0:
                same = found < 0 and slot["order_id"] == order_id
                if same and int64(level_at(state, level)["owner"]) >> 1 == number:
                    found = line * SLOTS + place
                if step != 0 and home_of(state, slot["order_id"], key_of_level(state, level)) == home:
                    missing -= 1
        state["walked"] += 1
        tally(probe, LOOKUP_PROBES, 1)
        tally(probe, LINES_TOUCHED, 1)
        if found >= 0 or (missing <= 0 and not endless):
            break
        line = following(state, line)
    return found


@kernel
def find(state: Record, home: int, order_id: int, number: int, probe: Record) -> int:
    """Slot of the order of book ``number`` with this id, -1 if none rests."""
    line = line_at(state, home)
    held = matches(line, order_id)
    found = int64(-1)
    unsure = (int64(line["level_0"]) >> LEVEL_BITS) != 0
    tally(probe, LOOKUP_PROBES, 1)
    tally(probe, LINES_TOUCHED, 1)
    if held != 0:
        slot = home * SLOTS + trailing_zeros(uint64(held))
        # Level 0, of an empty slot, belongs to no book.
        mine = int64(level_at(state, level_of(slot_at(state, slot)))["owner"]) >> 1 == number
        if mine:
            found = slot
        unsure = not mine
    if unsure:
        found = walk(state, home, order_id, number, probe)
    return found


@kernel
def insert(state: Record, home: int, order_id: int, size: int, number: int, probe: Record) -> int:
    """Slot of a new order, in its own line or the next one with room."""
    line = line_at(state, home)
    empty = empty_slots(line)
    place = home * SLOTS + trailing_zeros(uint64(empty | NONE_EMPTY))
    tally(probe, TABLE_UPDATE_PROBES, 1)
    if empty == 0:
        if int64(line["level_0"]) >> LEVEL_BITS < MOST_OVER:
            line["level_0"] = int64(line["level_0"]) + ONE_OVER
        other = home
        steps = int64(0)
        while empty == 0:
            other = following(state, other)
            steps += 1
            empty = empty_slots(line_at(state, other))
        place = other * SLOTS + trailing_zeros(uint64(empty))
        state["reach"] = max(state["reach"], steps)
        state["walked"] += steps
        tally(probe, TABLE_UPDATE_PROBES, steps)
        tally(probe, LINES_TOUCHED, steps)
    slot = slot_at(state, place)
    slot["order_id"] = order_id
    slot["size"] = size
    put_level(slot, number)
    state["used"] += 1
    return place


@kernel
def erase(state: Record, home: int, place: int) -> None:
    """Empty the slot of an order whose line is ``home``."""
    put_level(slot_at(state, place), int64(0))
    state["used"] -= 1
    if place // SLOTS != home:
        first = slot_at(state, home * SLOTS)
        if int64(first["level"]) >> LEVEL_BITS < MOST_OVER:
            first["level"] = int64(first["level"]) - ONE_OVER
