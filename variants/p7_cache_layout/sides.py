"""Operations on a side of a book: levels are found or opened, grow, shrink and close, and the best one is tracked."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.counters import FAR_LEVELS, LINES_TOUCHED, tally
from lobench.engine.native import Record, int64, trailing_zeros, uint64
from lobench.engine.price_ladder import key_of
from lobench.variants.p7_cache_layout import overflow
from lobench.variants.p7_cache_layout.layout import FAR
from lobench.variants.p7_cache_layout.levels import (
    ONE,
    best_of,
    bits_at,
    drop_bit,
    front_word,
    is_better,
    nearest_place,
    next_place,
    next_word,
    numbers_at,
    put_best,
    put_bit,
    tick_of,
)
from lobench.variants.p7_cache_layout.overflow import overflow_of
from lobench.variants.p7_cache_layout.pool import free_level, kill, level_at, new_level
from lobench.variants.p7_cache_layout.window import lay_window


@kernel
def in_window(packed: Record, head: Record, which: int, price: int, ticks: int) -> int:
    """Number of the level at a price of the window, made if it had none."""
    place = which * int64(head["width"]) + int64(ticks)
    entry = numbers_at(head, place)
    number = int64(entry["value"])
    if number == 0:
        number = new_level(packed, price, 2 * head["number"] + which, place)
        entry["value"] = number
    return number


@kernel
def in_overflow(packed: Record, head: Record, which: int, price: int, probe: Record) -> int:
    """Number of the level at a price outside the window; after too many such searches, a new window is made."""
    tally(probe, FAR_LEVELS, 1)
    head["credit"] -= 1
    number = int64(0)
    if head["credit"] < 0:
        lay_window(packed, head, price, probe)
        ticks = tick_of(head, price)
        if ticks < uint64(head["width"]):
            number = in_window(packed, head, which, price, ticks)
    if number == 0:
        far = overflow_of(head, which)
        key = key_of(price, which)
        number = overflow.find(far, key)
        if number == 0:
            number = new_level(packed, price, 2 * head["number"] + which, int64(FAR))
            overflow.put(far, key, number)
    return number


@kernel
def level_for(packed: Record, head: Record, which: int, price: int, probe: Record) -> int:
    """Number of the level at a price, an empty one if there was none: it must grow at once."""
    ticks = tick_of(head, price)
    number = int64(0)
    tally(probe, LINES_TOUCHED, 1)
    if ticks < uint64(head["width"]):
        number = in_window(packed, head, which, price, ticks)
    else:
        number = in_overflow(packed, head, which, price, probe)
    return number


@kernel
def grow(packed: Record, head: Record, which: int, number: int, size: int, orders: int, probe: Record) -> None:
    """A level gets size and orders."""
    level = level_at(packed, number)
    tally(probe, LINES_TOUCHED, 1)
    if level["size"] == 0:
        tally(probe, LINES_TOUCHED, 1)
        if level["place"] != FAR:
            put_bit(head, int64(level["place"]))
        best = best_of(head, which)
        if best == 0 or is_better(which, level["price"], level_at(packed, best)["price"]):
            put_best(head, which, number)
    level["size"] += size
    level["count"] = int64(level["count"]) + orders


@kernel(stage="best price")
def best_behind(packed: Record, head: Record, which: int, place: int) -> int:
    """Number of the best level from a place of the window on, or in the overflow; 0 if there is none."""
    number = int64(0)
    if head["width"] != 0:
        found = next_place(head, which, place)
        if found >= 0 and found // int64(head["width"]) == which:
            number = int64(numbers_at(head, found)["value"])
    far = overflow_of(head, which)
    if far["count"] != 0 and (number == 0 or far["last"] > key_of(level_at(packed, number)["price"], which)):
        number = overflow.last_level(far)
    return number


@kernel
def shrink(packed: Record, head: Record, which: int, number: int, size: int, orders: int, probe: Record) -> None:
    """A level loses size and orders, and closes when none is left."""
    level = level_at(packed, number)
    level["size"] -= size
    level["count"] = int64(level["count"]) - orders
    if level["size"] == 0:
        tally(probe, LINES_TOUCHED, 1)
        place = int64(level["place"])
        if place != FAR:
            drop_bit(head, place)
            if best_of(head, which) == number:
                put_best(head, which, best_behind(packed, head, which, place))
        else:
            overflow.take(overflow_of(head, which), key_of(level["price"], which))
            free_level(packed, number)
            if best_of(head, which) == number:
                put_best(head, which, best_behind(packed, head, which, nearest_place(head, which)))


@kernel
def empty_side(packed: Record, head: Record, which: int) -> None:
    """All levels of a side go."""
    if head["width"] != 0:
        word = next_word(head, which, front_word(head, which))
        while word >= 0:
            bits = bits_at(head, word)
            value = bits["value"]
            while value != uint64(0):
                entry = numbers_at(head, (word << 6) + trailing_zeros(value))
                kill(packed, int64(entry["value"]))
                entry["value"] = 0
                value = value & (value - ONE)
            bits["value"] = uint64(0)
            word = next_word(head, which, word)
    far = overflow_of(head, which)
    if far["count"] != 0:
        leaf = overflow.first_leaf(far)
        while leaf != 0:
            for index in range(overflow.count_of(leaf)):
                kill(packed, overflow.rung_of(leaf, index)["level"])
            leaf = overflow.next_leaf(leaf)
        overflow.clear(far)
    put_best(head, which, int64(0))
