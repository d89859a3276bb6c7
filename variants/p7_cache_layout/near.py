"""The five levels nearest to the touch, as evaluations want them: prices and sizes side by side, kept with each change.

A level that grows or shrinks is looked for among them without a branch, eight lanes at a time. When one of them comes
or goes they are read from the window again, but not before the next evaluation.
"""

from __future__ import annotations

from typing import Final

from lobench.engine.book import side_at
from lobench.engine.compiling import inlined, kernel
from lobench.engine.inputs import LEVELS
from lobench.engine.layout import BOOK, record
from lobench.engine.native import Record, address_of, int64, view
from lobench.engine.records import UNDEF_PRICE
from lobench.variants.p7_cache_layout.layout import LINE_BYTES, PACKED, TOP
from lobench.variants.p7_cache_layout.levels import is_better
from lobench.variants.p7_cache_layout.pool import level_at
from lobench.variants.p7_cache_layout.quotes import head_of
from lobench.variants.p7_cache_layout.walk import top_levels

LANES: Final = 8
NEAR: Final = record(("price", "i8", (LANES,)), ("size", "i8", (LANES,)))
"""One side, best level first; ``UNDEF_PRICE`` and 0 where there is no level. Nobody reads the lanes past the fifth."""
NEAR_BYTES: Final = NEAR.itemsize
NEAR_OFFSET: Final = -(-BOOK.itemsize // LINE_BYTES) * LINE_BYTES
"""Where both sides' records stand behind a ``BOOK``."""
ROOM: Final = NEAR_OFFSET + 2 * NEAR_BYTES
"""Bytes of a ``BOOK`` with both."""


@kernel
def near_at(book_address: int, which: int) -> Record:
    return view(book_address + NEAR_OFFSET + which * NEAR_BYTES, NEAR)


@inlined(stage="features")
def follow_level(book_address: int, which: int, price: int, change: int, structural: bool) -> None:
    """The size of the level at ``price`` changes; ``structural`` if it comes or goes."""
    near = near_at(book_address, which)
    for lane in range(LANES):
        near["size"][lane] += change if near["price"][lane] == price else int64(0)
    if structural:
        last = near["price"][LEVELS - 1]
        if last == UNDEF_PRICE or not is_better(which, last, price):
            side_at(book_address, which)["stale"] = 1


@kernel
def read_again(book_address: int, which: int) -> None:
    """The levels as the side stands now."""
    near, head = near_at(book_address, which), head_of(book_address)
    packed = view(head["packed"], PACKED)
    top = view(packed["top"], TOP)
    top_levels(packed, head, which, top)
    for depth in range(LEVELS):
        number = top["number"][depth]
        # Level 0 is empty; only its price would be wrong.
        level = level_at(packed, number)
        near["price"][depth] = level["price"] if number != 0 else UNDEF_PRICE
        near["size"][depth] = level["size"]
    side_at(book_address, which)["stale"] = 0


@inlined
def append_side(book: Record, which: int, columns: Record, place: int) -> tuple[int, int]:
    """The best levels as integers, to one row of columns; price and size of the best one."""
    address = address_of(book)
    if side_at(address, which)["stale"] != 0:
        read_again(address, which)
    near = near_at(address, which)
    price, size = near["price"][0], near["size"][0]
    columns["price"][0, place] = price
    columns["size"][0, place] = size
    for depth in range(1, LEVELS):
        columns["price"][depth, place] = near["price"][depth]
        columns["size"][depth, place] = near["size"][depth]
    return price, size
