"""What happens to a side of a book: levels are found or opened, grow, shrink and close, and the best one is known."""

from __future__ import annotations

from engine.compiling import kernel
from engine.counters import FAR_LEVELS, LINES_TOUCHED, tally
from engine.ladder import close_rung, key_of, open_rung, rung_at
from engine.native import Record, int64, trailing_zeros, uint64
from engine.packed.layout import DEAD, FAR
from engine.packed.levels import (
    ONE,
    best_of,
    bits_at,
    drop_bit,
    far_place,
    free_level,
    is_better,
    new_level,
    next_place,
    numbers_at,
    outskirts_of,
    put_best,
    put_bit,
    tick_of,
)
from engine.packed.orders import level_at
from engine.packed.window import FIRST_CREDIT, MOST_CREDIT, lay_window


@kernel
def in_window(state: Record, head: Record, which: int, price: int, ticks: int) -> int:
    """Number of the level at a price of the window, made if it had none."""
    place = which * int64(head["width"]) + int64(ticks)
    entry = numbers_at(head, place)
    number = int64(entry["value"])
    if number == 0:
        number = new_level(state, price, 2 * head["number"] + which, place)
        entry["value"] = number
    return number


@kernel
def in_outskirts(state: Record, head: Record, which: int, price: int, probe: Record) -> int:
    """Number of the level at a price that the window does not hold, unless it has been asked for such too often: then
    the window is laid anew."""
    tally(probe, FAR_LEVELS, 1)
    head["credit"] -= 1
    number = int64(0)
    if head["credit"] < 0:
        lay_window(state, head, price, probe)
        ticks = tick_of(head, price)
        if ticks < uint64(head["width"]):
            head["allowance"] = FIRST_CREDIT
            number = in_window(state, head, which, price, ticks)
        else:
            # What did not help is tried again later and later.
            head["allowance"] = min(head["allowance"] * 2, int64(MOST_CREDIT))
        levels = outskirts_of(head, 0)["count"] + outskirts_of(head, 1)["count"] + (int64(head["width"]) >> 3)
        head["credit"] = head["allowance"] + (levels >> 2)
    if number == 0:
        far = outskirts_of(head, which)
        key = key_of(price, which)
        index = far_place(far, key)
        if index < far["count"] and rung_at(far, index)["key"] == key:
            number = rung_at(far, index)["level"]
        else:
            number = new_level(state, price, 2 * head["number"] + which, int64(FAR))
            open_rung(far, index, key, number)
    return number


@kernel
def level_for(state: Record, head: Record, which: int, price: int, probe: Record) -> int:
    """Number of the level at a price, an empty one if there was none: it must grow at once."""
    ticks = tick_of(head, price)
    number = int64(0)
    tally(probe, LINES_TOUCHED, 1)
    if ticks < uint64(head["width"]):
        number = in_window(state, head, which, price, ticks)
    else:
        number = in_outskirts(state, head, which, price, probe)
    return number


@kernel
def grow(state: Record, head: Record, which: int, number: int, size: int, orders: int, probe: Record) -> None:
    """A level gets size and orders."""
    level = level_at(state, number)
    tally(probe, LINES_TOUCHED, 1)
    if level["size"] == 0:
        tally(probe, LINES_TOUCHED, 1)
        if level["place"] != FAR:
            put_bit(head, int64(level["place"]))
        best = best_of(head, which)
        if best == 0 or is_better(which, level["price"], level_at(state, best)["price"]):
            put_best(head, which, number)
    level["size"] += size
    level["count"] = int64(level["count"]) + orders


@kernel
def best_behind(state: Record, head: Record, which: int, place: int) -> int:
    """Number of the best level from a place of the window on, or in the outskirts; 0 if there is none."""
    number = int64(0)
    if head["width"] != 0:
        found = next_place(head, which, place)
        if found >= 0 and found // int64(head["width"]) == which:
            number = int64(numbers_at(head, found)["value"])
    far = outskirts_of(head, which)
    if far["count"] != 0:
        other = rung_at(far, far["count"] - 1)["level"]
        if number == 0 or is_better(which, level_at(state, other)["price"], level_at(state, number)["price"]):
            number = other
    return number


@kernel
def nearest_place(head: Record, which: int) -> int:
    """The place of the window where a best level could be."""
    width = int64(head["width"])
    return width - 1 if which == 0 else width


@kernel
def shrink(state: Record, head: Record, which: int, number: int, size: int, orders: int, probe: Record) -> None:
    """A level loses size and orders, and closes when none is left."""
    level = level_at(state, number)
    level["size"] -= size
    level["count"] = int64(level["count"]) - orders
    if level["size"] == 0:
        tally(probe, LINES_TOUCHED, 1)
        place = int64(level["place"])
        if place != FAR:
            drop_bit(head, place)
            if best_of(head, which) == number:
                put_best(head, which, best_behind(state, head, which, place))
        else:
            far = outskirts_of(head, which)
            close_rung(far, far_place(far, key_of(level["price"], which)))
            free_level(state, number)
            if best_of(head, which) == number:
                put_best(head, which, best_behind(state, head, which, nearest_place(head, which)))


@kernel
def kill(state: Record, number: int) -> None:
    """A level goes with its orders. These stay in the table until it is rebuilt, and the number is not used again
    before."""
    level = level_at(state, number)
    if level["count"] != 0:
        state["live"] -= int64(level["count"])
        level["owner"] = int64(level["owner"]) | DEAD
        level["size"] = 0
        level["next"] = state["dead_level"]
        state["dead_level"] = number
    else:
        free_level(state, number)


@kernel
def empty_side(state: Record, head: Record, which: int) -> None:
    """All levels of a side go."""
    half = int64(head["width"]) >> 6
    for word in range(which * half, (which + 1) * half):
        bits = bits_at(head, word)
        value = bits["value"]
        while value != uint64(0):
            entry = numbers_at(head, (word << 6) + trailing_zeros(value))
            kill(state, int64(entry["value"]))
            entry["value"] = 0
            value = value & (value - ONE)
        bits["value"] = uint64(0)
    far = outskirts_of(head, which)
    for index in range(far["count"]):
        kill(state, rung_at(far, index)["level"])
    far["count"] = 0
    put_best(head, which, int64(0))
