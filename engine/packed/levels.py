"""Level records by number, and the places of a book's window: its numbers and their bitmap."""

from __future__ import annotations

from engine.compiling import kernel
from engine.ladder import rung_at
from engine.native import Record, address_of, element, int64, leading_zeros, trailing_zeros, uint64, view
from engine.packed.layout import BEST_OFFSET, BITS, FAR_BYTES, FAR_OFFSET, OUTSKIRTS, WORD
from engine.packed.orders import level_at

ONE = uint64(1)
_63, _64 = uint64(63), uint64(64)
NUMBER_BYTES = WORD.itemsize
WORD_BITS = 64


@kernel
def best_of(head: Record, which: int) -> int:
    """Number of the best level of side ``which`` (0 bids, 1 asks), 0 if it is empty."""
    return int64(view(address_of(head) + BEST_OFFSET + which * NUMBER_BYTES, WORD)["value"])


@kernel
def put_best(head: Record, which: int, number: int) -> None:
    view(address_of(head) + BEST_OFFSET + which * NUMBER_BYTES, WORD)["value"] = number


@kernel
def outskirts_of(head: Record, which: int) -> Record:
    return view(address_of(head) + FAR_OFFSET + which * FAR_BYTES, OUTSKIRTS)


@kernel
def tick_of(head: Record, price: int) -> int:
    """Ticks from the window's first price, uint64; not below ``width`` for prices outside of it or off its grid."""
    # An exact quotient by an odd number is a product with its inverse modulo 2^64; what is no multiple becomes large
    # (Warren, Hacker's Delight, 10-17).
    quotient = (uint64(price) - uint64(head["base"])) * head["inverse"]
    shift = uint64(head["shift"])
    return (quotient >> shift) | (quotient << ((_64 - shift) & _63))


@kernel
def numbers_at(head: Record, place: int) -> Record:
    """The window's entry for a place: ticks, the asks' after all the bids'."""
    return view(element(head["window"], place, 2 * int64(head["width"]), NUMBER_BYTES), WORD)


@kernel
def bits_at(head: Record, word: int) -> Record:
    return view(element(head["bits"], word, int64(head["width"]) // (WORD_BITS // 2), 8), BITS)


@kernel
def put_bit(head: Record, place: int) -> None:
    word = bits_at(head, place >> 6)
    word["value"] = word["value"] | (ONE << uint64(place & 63))


@kernel
def drop_bit(head: Record, place: int) -> None:
    word = bits_at(head, place >> 6)
    word["value"] = word["value"] & ~(ONE << uint64(place & 63))


@kernel
def next_place(head: Record, which: int, place: int) -> int:
    """The first place with a level from ``place`` on, away from the touch; -1 if there is none."""
    found = int64(-1)
    half = int64(head["width"]) >> 6
    word = place >> 6
    if which == 0:
        value = bits_at(head, word)["value"] & (~uint64(0) >> uint64(63 - (place & 63)))
        while value == uint64(0) and word > 0:
            word -= 1
            value = bits_at(head, word)["value"]
        if value != uint64(0):
            found = (word << 6) + 63 - leading_zeros(value)
    else:
        value = bits_at(head, word)["value"] & (~uint64(0) << uint64(place & 63))
        while value == uint64(0) and word + 1 < 2 * half:
            word += 1
            value = bits_at(head, word)["value"]
        if value != uint64(0):
            found = (word << 6) + trailing_zeros(value)
    return found


@kernel
def is_better(which: int, price: int, other: int) -> bool:
    return price > other if which == 0 else price < other


@kernel
def far_place(far: Record, key: int) -> int:
    """Index of the first rung whose key is not below ``key``."""
    low = int64(0)
    high = far["count"]
    while low < high:
        middle = (low + high) >> 1
        if rung_at(far, middle)["key"] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def new_level(state: Record, price: int, owner: int, place: int) -> int:
    """Number of an empty level; there is room for it (``engine.packed.growth``)."""
    number = state["free_level"]
    if number != 0:
        state["free_level"] = int64(level_at(state, number)["next"])
    else:
        number = state["level_count"]
        state["level_count"] += 1
    level = level_at(state, number)
    level["price"] = price
    level["size"] = 0
    level["count"] = 0
    level["owner"] = owner
    level["place"] = place
    return number


@kernel
def free_level(state: Record, number: int) -> None:
    level = level_at(state, number)
    level["owner"] = 0
    level["size"] = 0
    level["count"] = 0
    level["next"] = state["free_level"]
    state["free_level"] = number
