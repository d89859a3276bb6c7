"""The places of a book's window: its numbers, their bitmap, and marks for the bitmap's words that may have bits set.

A word is marked when its first bit is set, and loses its mark when a search finds it empty. So a search visits an empty
word at most once per mark, and the next level is a few steps away, however far apart levels are.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.native import Record, address_of, element, int64, leading_zeros, trailing_zeros, uint64, view
from lobench.variants.p7_cache_layout.layout import BEST_OFFSET, BITS, WORD

ONE = uint64(1)
_NOTHING, _TWO = uint64(0), uint64(2)
_63, _64 = uint64(63), uint64(64)
NUMBER_BYTES = WORD.itemsize
WORD_BITS = 64


@kernel
def best_of(head: Record, which: int) -> int:
    """Number of the best level of side ``which`` (0 bids, 1 asks), 0 if it is empty."""
    return int64(view(address_of(head) + BEST_OFFSET + which * NUMBER_BYTES, WORD)["value"])


@kernel(stage="best price")
def put_best(head: Record, which: int, number: int) -> None:
    view(address_of(head) + BEST_OFFSET + which * NUMBER_BYTES, WORD)["value"] = number


@kernel
def tick_of(head: Record, price: int) -> int:
    """Ticks from the window's first price, uint64; not below ``width`` for prices outside of it or off its grid."""
    # Exact division by an odd number is multiplication by its inverse modulo 2^64; a non-multiple gives a large number
    # (Warren, Hacker's Delight, 10-17).
    quotient = (uint64(price) - uint64(head["base"])) * head["inverse"]
    shift = uint64(head["shift"])
    return (quotient >> shift) | (quotient << ((_64 - shift) & _63))


@kernel
def inverse_of(odd: int) -> int:
    """The inverse of an odd number modulo 2^64, by Newton's iteration."""
    inverse = odd
    for _ in range(5):
        inverse = inverse * (_TWO - odd * inverse)
    return inverse


@kernel
def tick_size(head: Record) -> int:
    """The window's tick, uint64."""
    return inverse_of(head["inverse"]) << uint64(head["shift"])


@kernel
def numbers_at(head: Record, place: int) -> Record:
    """The window's entry for a place: ticks, the asks' after all the bids'."""
    return view(element(head["window"], place, 2 * int64(head["width"]), NUMBER_BYTES), WORD)


@kernel
def bits_of(head: Record) -> int:
    """Address of a window's bits."""
    return head["window"] + 2 * NUMBER_BYTES * int64(head["width"])


@kernel
def bits_at(head: Record, word: int) -> Record:
    return view(element(bits_of(head), word, int64(head["width"]) // (WORD_BITS // 2), 8), BITS)


@kernel
def marks_at(head: Record, group: int) -> Record:
    """Marks of 64 words; they follow the bits."""
    width = int64(head["width"])
    return view(element(bits_of(head) + width // 4, group, mark_groups(width), 8), BITS)


@kernel
def mark_groups(width: int) -> int:
    return max(int64(1), width >> 11)


@kernel
def window_bytes(width: int) -> int:
    """Bytes of a window with its bits and marks."""
    return 2 * NUMBER_BYTES * width + width // 4 + 8 * mark_groups(width)


@kernel
def mark(head: Record, word: int) -> None:
    marks = marks_at(head, word >> 6)
    marks["value"] = marks["value"] | (ONE << uint64(word & 63))


@kernel
def put_bit(head: Record, place: int) -> None:
    word = bits_at(head, place >> 6)
    value = word["value"]
    if value == _NOTHING:
        mark(head, place >> 6)
    word["value"] = value | (ONE << uint64(place & 63))


@kernel
def drop_bit(head: Record, place: int) -> None:
    word = bits_at(head, place >> 6)
    word["value"] = word["value"] & ~(ONE << uint64(place & 63))


@kernel
def word_below(head: Record, word: int) -> int:
    """The last word before ``word`` that holds a level, -1 if there is none."""
    group = word >> 6
    value = marks_at(head, group)["value"] & ((ONE << uint64(word & 63)) - ONE)
    found = int64(-1)
    while found < 0:
        while value == _NOTHING and group > 0:
            group -= 1
            value = marks_at(head, group)["value"]
        if value == _NOTHING:
            break
        bit = 63 - leading_zeros(value)
        value = value & ~(ONE << uint64(bit))
        found = holding(head, group, bit)
    return found


@kernel
def word_above(head: Record, word: int) -> int:
    """The first word behind ``word`` that holds a level, -1 if there is none."""
    group = word >> 6
    last = mark_groups(int64(head["width"])) - 1
    value = marks_at(head, group)["value"] & ~(~uint64(0) >> uint64(63 - (word & 63)))
    found = int64(-1)
    while found < 0:
        while value == _NOTHING and group < last:
            group += 1
            value = marks_at(head, group)["value"]
        if value == _NOTHING:
            break
        bit = trailing_zeros(value)
        value = value & (value - ONE)
        found = holding(head, group, bit)
    return found


@kernel
def holding(head: Record, group: int, bit: int) -> int:
    """The word of a mark, or -1, and the mark is taken away, if it holds no level."""
    word = (group << 6) + bit
    if bits_at(head, word)["value"] == _NOTHING:
        marks = marks_at(head, group)
        marks["value"] = marks["value"] & ~(ONE << uint64(bit))
        word = int64(-1)
    return word


@kernel
def next_word(head: Record, which: int, word: int) -> int:
    """The next word behind ``word``, away from the touch, that holds a level; -1 if there is none."""
    return word_below(head, word) if which == 0 else word_above(head, word)


@kernel
def front_word(head: Record, which: int) -> int:
    """The word before a side's first one."""
    half = int64(head["width"]) >> 6
    return half if which == 0 else half - 1


@kernel
def next_place(head: Record, which: int, place: int) -> int:
    """The first place with a level from ``place`` on, away from the touch; -1 if there is none."""
    found = int64(-1)
    word = place >> 6
    value = bits_at(head, word)["value"] & behind(which, place)
    if value == _NOTHING:
        word = next_word(head, which, word)
        if word >= 0:
            value = bits_at(head, word)["value"]
    if value != _NOTHING:
        found = (word << 6) + nearest_bit(which, value)
    return found


@kernel
def behind(which: int, place: int) -> int:
    """Bits of a place's word from it on, away from the touch; uint64."""
    return ~uint64(0) >> uint64(63 - (place & 63)) if which == 0 else ~uint64(0) << uint64(place & 63)


@kernel
def nearest_bit(which: int, value: int) -> int:
    """The bit nearest to the touch of a word that has any."""
    return 63 - leading_zeros(value) if which == 0 else trailing_zeros(value)


@kernel
def nearest_place(head: Record, which: int) -> int:
    """The place of the window where a best level could be."""
    width = int64(head["width"])
    return width - 1 if which == 0 else width


@kernel
def is_better(which: int, price: int, other: int) -> bool:
    return price > other if which == 0 else price < other
