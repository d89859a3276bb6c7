"""Room for the next records, made before they come: each brings at most one order, one level and one book.

The order table is rebuilt (``rehash``) when it is too full or when searches walk too far, and purged
when too much of it belongs to dead levels.
"""

from __future__ import annotations

from lobench.engine.aligned_alloc import LINE_BYTES, aligned_alloc, aligned_free
from lobench.engine.compiling import kernel
from lobench.engine.digest import mix
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, Record, int64, memcpy, uint64, view
from lobench.variants.p7_cache_layout.batch_sort import GROUPS_BYTES
from lobench.variants.p7_cache_layout.layout import (
    FOUND_BYTES,
    HEAD_BYTES,
    LEVEL_MASK,
    PACKED,
    PARAMETERS_BYTES,
    PARAMETERS_OFFSET,
    SLOTS,
    TOP,
)
from lobench.variants.p7_cache_layout.orders import STAMPS_BYTES
from lobench.variants.p7_cache_layout.parameters import RING, SHARES
from lobench.variants.p7_cache_layout.pool import LEVEL_BYTES
from lobench.variants.p7_cache_layout.rehash import purge, rehash

PACKED_BYTES = PACKED.itemsize
_BOOK_BYTES = BOOK.itemsize
TOP_BYTES = TOP.itemsize
_ODD = uint64(1)
LEAST_LEVELS = 1024
LEAST_BOOKS = 64
FIRST_PATIENCE = 1
"""Lines looked at beyond the first, for each record, before another hash is tried; twice as many after each."""


@kernel
def open_packed(state: Record) -> None:
    """A worker's packed books, none at first."""
    state["layout_state"] = aligned_alloc(PACKED_BYTES)
    packed = view(state["layout_state"], PACKED)
    packed["level_count"] = 1
    packed["book_count"] = 1
    packed["patience"] = FIRST_PATIENCE
    packed["found"] = aligned_alloc(RING * FOUND_BYTES)
    packed["top"] = aligned_alloc(TOP_BYTES)
    packed["groups"] = aligned_alloc(GROUPS_BYTES)
    packed["nobody"] = aligned_alloc(HEAD_BYTES + _BOOK_BYTES) + HEAD_BYTES
    memcpy(state["layout_state"] + PARAMETERS_OFFSET, state["layout_parameters"], PARAMETERS_BYTES)


@kernel
def book_address(packed: Record, number: int) -> int:
    """Address of a book's ``BOOK`` record."""
    return view(packed["books"] + 8 * number, INTEGER)["value"]


@kernel
def grow_levels(packed: Record, count: int) -> None:
    room = max(int64(LEAST_LEVELS), packed["level_room"] + (packed["level_room"] >> 1) + count)
    if room > LEVEL_MASK:
        raise MemoryError("more than 67 million price levels")
    levels = aligned_alloc(room * LEVEL_BYTES)
    if packed["levels"] != 0:
        memcpy(levels, packed["levels"], packed["level_count"] * LEVEL_BYTES)
    aligned_free(packed["levels"])
    packed["levels"] = levels
    packed["level_room"] = room


@kernel
def grow_books(packed: Record, count: int) -> None:
    room = max(int64(LEAST_BOOKS), packed["book_room"] * 2 + count)
    books = aligned_alloc(room * 8)
    if packed["books"] != 0:
        memcpy(books, packed["books"], packed["book_count"] * 8)
    aligned_free(packed["books"])
    packed["books"] = books
    packed["book_room"] = room


@kernel
def held(packed: Record) -> int:
    """Bytes of orders and levels."""
    return packed["lines"] * (LINE_BYTES + STAMPS_BYTES) + packed["level_count"] * LEVEL_BYTES


@kernel
def make_room(packed: Record, count: int, probe: Record) -> None:
    """Before ``count`` records."""
    if packed["level_count"] + count > packed["level_room"]:
        grow_levels(packed, count)
    if packed["book_count"] + count > packed["book_room"]:
        grow_books(packed, count)
    slots = packed["lines"] * SLOTS
    if (packed["used"] + count) * SHARES > slots * packed["fullest"]:
        if (packed["live"] + count) * SHARES * 8 <= slots * packed["fullest"] * 7:
            # Clears left enough dead orders.
            purge(packed)
        else:
            wanted = (packed["live"] + count) * SHARES // (packed["after"] * SLOTS)
            rehash(packed, max(packed["least_lines"], wanted), probe)
    elif packed["walked"] > packed["patience"] * (count + SHARES):
        # Ids are similar in many books, or chosen to collide: switch to a hash that includes the book.
        packed["patience"] *= 2
        purge(packed)
        # Salted with a memory address, which no feed can know: ids cannot be chosen to collide again.
        packed["scatter"] = mix(uint64(packed["slots"]) + packed["scatter"]) | _ODD
        packed["salt"] = mix(packed["scatter"]) | _ODD
        rehash(packed, packed["lines"], probe)
    packed["walked"] = 0
