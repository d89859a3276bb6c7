"""The five levels nearest to the touch, as evaluations want them: prices and sizes side by side, kept with each change.

A level that grows or shrinks is looked for among them without a branch, eight lanes at a time. When one of them comes
or goes they are read from the window again, but not before the next evaluation.
"""

from __future__ import annotations

from typing import Final

from lobench.engine.aligned_alloc import LINE_BYTES
from lobench.engine.book import side_at
from lobench.engine.compiling import inlined, kernel
from lobench.engine.inputs import LEVELS
from lobench.engine.layout import BOOK, record
from lobench.engine.native import Record, address_of, int64, view
from lobench.engine.records import UNDEF_PRICE
from lobench.variants.p7_cache_layout.bbo import head_of
from lobench.variants.p7_cache_layout.layout import PACKED
from lobench.variants.p7_cache_layout.level_iteration import best_numbers
from lobench.variants.p7_cache_layout.levels import is_better
from lobench.variants.p7_cache_layout.pool import level_at

LANES: Final = 8
TOP_LEVELS: Final = record(("price", "i8", (LANES,)), ("size", "i8", (LANES,)))
"""One side, best level first; ``UNDEF_PRICE`` and 0 for missing levels. The lanes past the fifth are not read."""
TOP_LEVELS_BYTES: Final = TOP_LEVELS.itemsize
TOP_LEVELS_OFFSET: Final = -(-BOOK.itemsize // LINE_BYTES) * LINE_BYTES
"""Place of both sides' records behind a ``BOOK``."""
PACKED_BOOK_BYTES: Final = TOP_LEVELS_OFFSET + 2 * TOP_LEVELS_BYTES
"""Bytes of a ``BOOK`` with both."""


@kernel
def top_levels_at(book_address: int, which: int) -> Record:
    return view(book_address + TOP_LEVELS_OFFSET + which * TOP_LEVELS_BYTES, TOP_LEVELS)


@inlined(stage="features")
def follow_level(book_address: int, which: int, price: int, change: int, structural: bool) -> None:
    """The size of the level at ``price`` changes; ``structural`` if it comes or goes."""
    levels = top_levels_at(book_address, which)
    for lane in range(LANES):
        levels["size"][lane] += change if levels["price"][lane] == price else int64(0)
    if structural:
        last = levels["price"][LEVELS - 1]
        if last == UNDEF_PRICE or not is_better(which, last, price):
            side_at(book_address, which)["stale"] = 1


@kernel
def read_again(book_address: int, which: int) -> None:
    """The present levels of the side."""
    levels, head = top_levels_at(book_address, which), head_of(book_address)
    packed = view(head["packed"], PACKED)
    top = best_numbers(packed, head, which)
    for depth in range(LEVELS):
        number = top["number"][depth]
        level = level_at(packed, number)
        levels["price"][depth] = level["price"] if number != 0 else UNDEF_PRICE
        levels["size"][depth] = level["size"]
    side_at(book_address, which)["stale"] = 0


@inlined
def append_side(book: Record, which: int, columns: Record, place: int) -> tuple[int, int]:
    """The best levels as integers, to one row of columns; price and size of the best one."""
    address = address_of(book)
    if side_at(address, which)["stale"] != 0:
        read_again(address, which)
    levels = top_levels_at(address, which)
    price, size = levels["price"][0], levels["size"][0]
    columns["price"][0, place] = price
    columns["size"][0, place] = size
    for depth in range(1, LEVELS):
        columns["price"][depth, place] = levels["price"][depth]
        columns["size"][depth, place] = levels["size"][depth]
    return price, size
