"""From the best level of a side to the next one and on: for evaluations, outputs and digests."""

from __future__ import annotations

import numpy as np

from engine.compiling import inlined, kernel
from engine.inputs import LEVELS
from engine.ladder import key_of, rung_at
from engine.layout import OUTPUT_LEVEL
from engine.native import Record, address_of, float64, int64, leading_zeros, trailing_zeros, uint64, view
from engine.packed.layout import FAR, STATE, TOP
from engine.packed.levels import (
    ONE,
    best_of,
    bits_at,
    far_place,
    is_better,
    next_place,
    numbers_at,
    outskirts_of,
)
from engine.packed.orders import level_at
from engine.packed.quotes import head_of
from engine.records import UNDEF_PRICE

OUTPUT_LEVEL_BYTES = OUTPUT_LEVEL.itemsize


@kernel
def place_behind(head: Record, which: int, place: int) -> int:
    """The next place with a level behind ``place`` on its side, -1 if there is none."""
    width = int64(head["width"])
    beyond = place - 1 if which == 0 else place + 1
    found = int64(-1)
    if which * width <= beyond < (which + 1) * width:
        found = next_place(head, which, beyond)
    return found


@kernel
def first_place_behind(state: Record, head: Record, which: int, price: int) -> int:
    """The place of the best level of the window that is behind a price outside of it, -1 if there is none."""
    width = int64(head["width"])
    found = int64(-1)
    if width != 0:
        found = next_place(head, which, width - 1 if which == 0 else width)
        while found >= 0:
            number = int64(numbers_at(head, found)["value"])
            if is_better(which, price, level_at(state, number)["price"]):
                break
            found = place_behind(head, which, found)
    return found


@kernel
def level_behind(state: Record, head: Record, which: int, number: int) -> int:
    """Number of the next level behind level ``number``, 0 if that was the last one."""
    level = level_at(state, number)
    far = outskirts_of(head, which)
    if level["place"] != FAR:
        place = place_behind(head, which, int64(level["place"]))
    else:
        place = first_place_behind(state, head, which, level["price"])
    following = int64(numbers_at(head, place)["value"]) if place >= 0 else int64(0)
    if far["count"] != 0:
        # The rung below this level's key: the first whose key is not below it, and one down.
        index = far_place(far, key_of(level["price"], which)) - 1
        if index >= 0:
            other = rung_at(far, index)["level"]
            better = following == 0 or is_better(
                which, level_at(state, other)["price"], level_at(state, following)["price"]
            )
            following = other if better else following
    return following


@kernel
def levels_of(head: Record, which: int) -> int:
    """Number of levels of a side."""
    total = outskirts_of(head, which)["count"]
    half = int64(head["width"]) >> 6
    for word in range(which * half, (which + 1) * half):
        value = bits_at(head, word)["value"]
        while value != uint64(0):
            total += 1
            value = value & (value - ONE)
    return total


@inlined
def top_levels(state: Record, head: Record, which: int, top: Record) -> None:
    """Numbers of the best levels, then 0, to a ``TOP`` record."""
    number = best_of(head, which)
    near = number != 0 and outskirts_of(head, which)["count"] == 0
    if near:
        # All levels are in the window: a walk over its bits. Two bits apart are one jump, whatever lies between.
        half = int64(head["width"]) >> 6
        place = int64(level_at(state, number)["place"])
        word = place >> 6
        last = which * half + (0 if which == 0 else half - 1)
        value = bits_at(head, word)["value"]
        value = value & (~uint64(0) >> uint64(63 - (place & 63)) if which == 0 else ~uint64(0) << uint64(place & 63))
        for depth in range(LEVELS):
            while value == uint64(0) and word != last:
                word += -1 if which == 0 else 1
                value = bits_at(head, word)["value"]
            number = int64(0)
            if value != uint64(0):
                bit = 63 - leading_zeros(value) if which == 0 else trailing_zeros(value)
                value = value & ~(ONE << uint64(bit))
                number = int64(numbers_at(head, (word << 6) + bit)["value"])
            top["number"][depth] = number
    else:
        for depth in range(LEVELS):
            top["number"][depth] = number
            if number != 0 and depth + 1 < LEVELS:
                number = level_behind(state, head, which, number)


@inlined
def read_side(book: Record, which: int, levels: Record) -> None:
    """The best levels as doubles."""
    head = head_of(address_of(book))
    state = view(head["state"], STATE)
    top = view(state["top"], TOP)
    top_levels(state, head, which, top)
    for depth in range(LEVELS):
        number = top["number"][depth]
        # Level 0 is empty; only its price would be wrong.
        level = level_at(state, number)
        levels["price"][depth] = float64(level["price"]) if number != 0 else np.nan
        levels["size"][depth] = float64(level["size"])


@kernel
def write_side(state: Record, head: Record, which: int, address: int, depth: int) -> None:
    number = best_of(head, which)
    for place in range(depth):
        output = view(address + place * OUTPUT_LEVEL_BYTES, OUTPUT_LEVEL)
        level = level_at(state, number)
        price = level["price"] if number != 0 else UNDEF_PRICE
        if which == 0:
            output["bid_px"], output["bid_sz"], output["bid_ct"] = price, level["size"], int64(level["count"])
        else:
            output["ask_px"], output["ask_sz"], output["ask_ct"] = price, level["size"], int64(level["count"])
        if number != 0:
            number = level_behind(state, head, which, number)


@kernel
def write_levels(book: Record, address: int, depth: int) -> None:
    """The best levels as ``OUTPUT_LEVEL`` records."""
    head = head_of(address_of(book))
    state = view(head["state"], STATE)
    write_side(state, head, int64(0), address, depth)
    write_side(state, head, int64(1), address, depth)


@kernel
def best(book: Record, which: int) -> tuple[int, int]:
    """Price and size of a side's best level, ``UNDEF_PRICE`` and 0 if it is empty."""
    head = head_of(address_of(book))
    number = best_of(head, which)
    # Level 0 is empty; only its price would be wrong.
    level = level_at(view(head["state"], STATE), number)
    return level["price"] if number != 0 else int64(UNDEF_PRICE), level["size"]


@kernel
def best_price(book: Record, which: int) -> float:
    """Best price of a side, NaN if it is empty."""
    head = head_of(address_of(book))
    number = best_of(head, which)
    price = np.nan
    if number != 0:
        price = float64(level_at(view(head["state"], STATE), number)["price"])
    return price
