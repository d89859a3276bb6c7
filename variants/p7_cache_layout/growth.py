"""Room for the next records, made before they come: each brings at most one order, one level and one book.

The order table is rebuilt (``rebuilding``) when it is too full or when searches walk too far, and purged
when too much of it belongs to dead levels.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.digest import mix
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, Record, int64, memcpy, uint64, view
from lobench.variants.p7_cache_layout.grouping import GROUPS_BYTES
from lobench.variants.p7_cache_layout.layout import (
    FOUND_BYTES,
    HEAD_BYTES,
    LEVEL_MASK,
    LINE_BYTES,
    PARAMETERS_BYTES,
    PARAMETERS_OFFSET,
    SLOTS,
    STATE,
    TOP,
)
from lobench.variants.p7_cache_layout.orders import STAMPS_BYTES
from lobench.variants.p7_cache_layout.parameters import RING
from lobench.variants.p7_cache_layout.pool import LEVEL_BYTES
from lobench.variants.p7_cache_layout.rebuilding import purge, rebuild
from lobench.variants.p7_cache_layout.room import free_room, new_room

STATE_BYTES = STATE.itemsize
_BOOK_BYTES = BOOK.itemsize
TOP_BYTES = TOP.itemsize
_GOLDEN = uint64(0x9E3779B97F4A7C15)
_ODD = uint64(1)
LEAST_LEVELS = 1024
LEAST_BOOKS = 64
FIRST_PATIENCE = 1
"""Lines looked at beyond the first, for each record, before another hash is tried; twice as many after each."""
SHARES = 64
"""Parameters give the fullness of the table in 64ths."""


@kernel
def open_state(engine: Record) -> None:
    """A worker's packed books, none at first."""
    engine["layout_state"] = new_room(STATE_BYTES)
    state = view(engine["layout_state"], STATE)
    state["scatter"] = _GOLDEN
    state["level_count"] = 1
    state["book_count"] = 1
    state["patience"] = FIRST_PATIENCE
    state["found"] = new_room(RING * FOUND_BYTES)
    state["top"] = new_room(TOP_BYTES)
    state["groups"] = new_room(GROUPS_BYTES)
    state["nobody"] = new_room(HEAD_BYTES + _BOOK_BYTES) + HEAD_BYTES
    memcpy(engine["layout_state"] + PARAMETERS_OFFSET, engine["layout_parameters"], PARAMETERS_BYTES)


@kernel
def book_address(state: Record, number: int) -> int:
    """Address of a book's ``BOOK`` record."""
    return view(state["books"] + 8 * number, INTEGER)["value"]


@kernel
def grow_levels(state: Record, count: int) -> None:
    room = max(int64(LEAST_LEVELS), state["level_room"] + (state["level_room"] >> 1) + count)
    if room > LEVEL_MASK:
        raise MemoryError("more than 67 million price levels")
    levels = new_room(room * LEVEL_BYTES)
    if state["levels"] != 0:
        memcpy(levels, state["levels"], state["level_count"] * LEVEL_BYTES)
    free_room(state["levels"])
    state["levels"] = levels
    state["level_room"] = room


@kernel
def grow_books(state: Record, count: int) -> None:
    room = max(int64(LEAST_BOOKS), state["book_room"] * 2 + count)
    books = new_room(room * 8)
    if state["books"] != 0:
        memcpy(books, state["books"], state["book_count"] * 8)
    free_room(state["books"])
    state["books"] = books
    state["book_room"] = room


@kernel
def held(state: Record) -> int:
    """Bytes of orders and levels."""
    return state["lines"] * (LINE_BYTES + STAMPS_BYTES) + state["level_count"] * LEVEL_BYTES


@kernel
def make_room(state: Record, count: int, probe: Record) -> None:
    """Before ``count`` records."""
    if state["level_count"] + count > state["level_room"]:
        grow_levels(state, count)
    if state["book_count"] + count > state["book_room"]:
        grow_books(state, count)
    slots = state["lines"] * SLOTS
    if (state["used"] + count) * SHARES > slots * state["fullest"]:
        if (state["live"] + count) * SHARES * 8 <= slots * state["fullest"] * 7:
            # Enough of it is dead, by clears.
            purge(state)
        else:
            wanted = (state["live"] + count) * SHARES // (state["after"] * SLOTS)
            rebuild(state, max(state["least_lines"], wanted), probe)
    elif state["walked"] > state["patience"] * (count + SHARES):
        # Ids that are alike in many books, or chosen to collide: another hash, which knows the book.
        state["patience"] *= 2
        purge(state)
        # Where memory is, no feed can know: ids cannot be chosen to collide once more.
        state["scatter"] = mix(uint64(state["slots"]) + state["scatter"]) | _ODD
        state["salt"] = mix(state["scatter"]) | _ODD
        rebuild(state, state["lines"], probe)
    state["walked"] = 0
