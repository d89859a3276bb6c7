"""From the best level of a side to the next one and on: for evaluations, outputs and digests."""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import inlined, kernel
from lobench.engine.inputs import LEVELS
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.native import Record, address_of, float64, int64, uint64, view
from lobench.engine.price_ladder import key_of
from lobench.engine.records import UNDEF_PRICE
from lobench.variants.p7_cache_layout import overflow
from lobench.variants.p7_cache_layout.bbo import head_of
from lobench.variants.p7_cache_layout.layout import FAR, PACKED, TOP
from lobench.variants.p7_cache_layout.levels import (
    ONE,
    behind,
    best_of,
    bits_at,
    front_word,
    is_better,
    nearest_bit,
    nearest_place,
    next_place,
    next_word,
    numbers_at,
    tick_size,
)
from lobench.variants.p7_cache_layout.overflow import overflow_of
from lobench.variants.p7_cache_layout.pool import level_at

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
def first_place_behind(head: Record, which: int, price: int) -> int:
    """The place of the best level of the window that is behind a price outside of it or off its grid, -1 if there is
    none."""
    width = int64(head["width"])
    found = int64(-1)
    if width != 0:
        tick, base = tick_size(head), int64(head["base"])
        if which == 0 and price > base:
            ticks = (uint64(price) - uint64(base) - ONE) // tick
            found = next_place(head, which, int64(min(ticks, uint64(width - 1))))
        elif which == 1 and price < base:
            found = next_place(head, which, width)
        elif which == 1:
            ticks = (uint64(price) - uint64(base)) // tick
            if ticks < uint64(width - 1):
                found = next_place(head, which, width + int64(ticks) + 1)
    return found


@kernel
def level_behind(packed: Record, head: Record, which: int, number: int) -> int:
    """Number of the next level behind level ``number``, 0 if that was the last one."""
    level = level_at(packed, number)
    if level["place"] != FAR:
        place = place_behind(head, which, int64(level["place"]))
    else:
        place = first_place_behind(head, which, level["price"])
    following = int64(numbers_at(head, place)["value"]) if place >= 0 else int64(0)
    other = overflow.level_below(overflow_of(head, which), key_of(level["price"], which))
    if other != 0:
        better = following == 0 or is_better(
            which, level_at(packed, other)["price"], level_at(packed, following)["price"]
        )
        following = other if better else following
    return following


@kernel
def levels_of(head: Record, which: int) -> int:
    """Number of levels of a side."""
    total = overflow_of(head, which)["count"]
    if head["width"] != 0:
        word = next_word(head, which, front_word(head, which))
        while word >= 0:
            value = bits_at(head, word)["value"]
            while value != uint64(0):
                total += 1
                value = value & (value - ONE)
            word = next_word(head, which, word)
    return total


@kernel
def merge_levels(packed: Record, head: Record, which: int, top: Record) -> None:
    """``best_numbers`` where some levels are in the overflow: a walk over the window's and one over these."""
    far = overflow_of(head, which)
    leaf = overflow.last_leaf(far)
    index = overflow.count_of(leaf) - 1
    place = next_place(head, which, nearest_place(head, which)) if head["width"] != 0 else int64(-1)
    for depth in range(LEVELS):
        number = int64(numbers_at(head, place)["value"]) if place >= 0 else int64(0)
        other = overflow.rung_of(leaf, index)["level"] if leaf != 0 else int64(0)
        if other != 0 and (
            number == 0 or is_better(which, level_at(packed, other)["price"], level_at(packed, number)["price"])
        ):
            number = other
            index -= 1
            if index < 0:
                leaf = overflow.previous_leaf(leaf)
                index = overflow.count_of(leaf) - 1 if leaf != 0 else int64(0)
        elif place >= 0:
            place = place_behind(head, which, place)
        top["number"][depth] = number


@inlined
def next_number(head: Record, which: int, word: int, value: int) -> tuple[int, int, int]:
    """One step of a walk over the bits of a window that holds all levels of the side: the number of the next level, 0
    behind the last; then the word that the walk is at, -1 behind the last, and its remaining bits. A gap of any length
    between two bits is one jump."""
    if value == uint64(0) and word >= 0:
        word = next_word(head, which, word)
        if word >= 0:
            value = bits_at(head, word)["value"]
    number = int64(0)
    if value != uint64(0):
        bit = nearest_bit(which, value)
        value = value & ~(ONE << uint64(bit))
        number = int64(numbers_at(head, (word << 6) + bit)["value"])
    return number, word, value


@inlined
def best_numbers(packed: Record, head: Record, which: int) -> Record:
    """Numbers of the best levels, then 0, in the layout's ``TOP`` record. Level 0 is empty; only its price would be
    wrong."""
    top, far = view(packed["top"], TOP), overflow_of(head, which)
    number = best_of(head, which)
    place = int64(level_at(packed, number)["place"])
    fifth = int64(0)
    if number != 0 and place != FAR:
        word = place >> 6
        value = bits_at(head, word)["value"] & behind(which, place)
        for depth in range(LEVELS):
            fifth, word, value = next_number(head, which, word, value)
            top["number"][depth] = fifth
    else:
        for depth in range(LEVELS):
            top["number"][depth] = 0
    if far["count"] != 0 and (fifth == 0 or far["last"] > key_of(level_at(packed, fifth)["price"], which)):
        merge_levels(packed, head, which, top)
    return top


@inlined
def read_side(book: Record, which: int, levels: Record) -> None:
    """The best levels as doubles."""
    head = head_of(address_of(book))
    packed = view(head["packed"], PACKED)
    top = best_numbers(packed, head, which)
    for depth in range(LEVELS):
        number = top["number"][depth]
        level = level_at(packed, number)
        levels["price"][depth] = float64(level["price"]) if number != 0 else np.nan
        levels["size"][depth] = float64(level["size"])


@inlined
def write_level(packed: Record, which: int, number: int, address: int) -> None:
    """One side of an ``OUTPUT_LEVEL``: level ``number``, 0 for none."""
    output = view(address, OUTPUT_LEVEL)
    # Level 0 is empty; only its price would be wrong.
    level = level_at(packed, number)
    price = level["price"] if number != 0 else UNDEF_PRICE
    if which == 0:
        output["bid_px"], output["bid_sz"], output["bid_ct"] = price, level["size"], int64(level["count"])
    else:
        output["ask_px"], output["ask_sz"], output["ask_ct"] = price, level["size"], int64(level["count"])


@kernel
def write_merged_side(packed: Record, head: Record, which: int, address: int, depth: int) -> None:
    """``write_side`` where some levels are in the overflow."""
    number = best_of(head, which)
    for place in range(depth):
        write_level(packed, which, number, address + place * OUTPUT_LEVEL_BYTES)
        if number != 0:
            number = level_behind(packed, head, which, number)


@inlined
def write_side(packed: Record, head: Record, which: int, address: int, depth: int) -> None:
    best = best_of(head, which)
    if overflow_of(head, which)["count"] != 0:
        write_merged_side(packed, head, which, address, depth)
    else:
        word, value = int64(-1), uint64(0)
        if best != 0:
            # All levels are in the window.
            first = int64(level_at(packed, best)["place"])
            word = first >> 6
            value = bits_at(head, word)["value"] & behind(which, first)
        for place in range(depth):
            number, word, value = next_number(head, which, word, value)
            write_level(packed, which, number, address + place * OUTPUT_LEVEL_BYTES)


@kernel
def write_levels(book: Record, address: int, depth: int) -> None:
    """The best levels as ``OUTPUT_LEVEL`` records."""
    head = head_of(address_of(book))
    packed = view(head["packed"], PACKED)
    write_side(packed, head, int64(0), address, depth)
    write_side(packed, head, int64(1), address, depth)


@kernel
def best(book: Record, which: int) -> tuple[int, int]:
    """Price and size of a side's best level, ``UNDEF_PRICE`` and 0 if it is empty."""
    head = head_of(address_of(book))
    level = level_at(view(head["packed"], PACKED), best_of(head, which))
    return level["price"] if level["size"] != 0 else int64(UNDEF_PRICE), level["size"]


@kernel
def best_price(book: Record, which: int) -> float:
    """Best price of a side, NaN if it is empty."""
    head = head_of(address_of(book))
    number = best_of(head, which)
    price = np.nan
    if number != 0:
        price = float64(level_at(view(head["packed"], PACKED), number)["price"])
    return price
