"""Looking ahead: while one record is applied, what later ones need is on its way to the cache.

Twice ``distance`` records ahead a record's book is found, and the lines of the table where its order stands or will
stand are asked for; ``distance`` records ahead, by then those have come, so the order's level, and the level at the
record's price, are. Where an order's line is, is kept until its record is applied; the rest is a guess: nothing but
time depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lobench.engine.compiling import inlined, kernel
from lobench.engine.containers import table_get
from lobench.engine.counters import UNCOUNTED
from lobench.engine.layout import BACKTEST, BOOK
from lobench.engine.market import book_key
from lobench.engine.native import Record, element, int64, prefetch, trailing_zeros, uint64, view
from lobench.engine.records import ASK, MBO
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.shards import index_of
from lobench.variants.p7_cache_layout.growth import held, make_room
from lobench.variants.p7_cache_layout.layout import FOUND, FOUND_BYTES, HEAD_BYTES, LINE_BYTES, SLOTS, STATE
from lobench.variants.p7_cache_layout.levels import best_of, numbers_at, tick_of
from lobench.variants.p7_cache_layout.near import ROOM
from lobench.variants.p7_cache_layout.orders import (
    STAMPS_BYTES,
    home_of,
    level_of,
    line_at,
    matches,
    slot_at,
)
from lobench.variants.p7_cache_layout.parameters import RING
from lobench.variants.p7_cache_layout.pool import LEVEL_BYTES
from lobench.variants.p7_cache_layout.quotes import head_of

SOON = 4
"""Records ahead that the rest of a book is asked for: it is much, and shall not drive out what is needed first."""
STRETCH = 512
"""Records between two looks at how full the tables are."""
_NONE = uint64(1 << (SLOTS - 1))


@kernel
def found_at(state: Record, index: int) -> Record:
    """What was found ahead for record ``index``."""
    return view(element(state["found"], index & (RING - 1), RING, FOUND_BYTES), FOUND)


@kernel(stage="levels")
def look_for_levels(state: Record, index: int) -> None:
    """Ask for the levels that record ``index`` needs."""
    found = found_at(state, index)
    event = view(found["event"], MBO)
    home = found["home"]
    held = matches(line_at(state, home), event["order_id"])
    # An order that went to a line behind is met by its record only: looking for those costs as much as it gains.
    slot = slot_at(state, home * SLOTS + trailing_zeros(uint64(held) | _NONE))
    prefetch(state["levels"] + level_of(slot) * LEVEL_BYTES)
    head = head_of(found["guess"])
    which = int64(event["side"] == ASK)
    width = int64(head["width"])
    ticks = tick_of(head, event["price"])
    joined = int64(0)
    if ticks < uint64(width):
        joined = int64(numbers_at(head, which * width + int64(ticks))["value"])
    prefetch(state["levels"] + joined * LEVEL_BYTES)
    prefetch(state["levels"] + best_of(head, which) * LEVEL_BYTES)
    prefetch(head["quote"])
    prefetch(head["touch"])


def build_look_ahead(tracked: bool) -> Callable[..., Any]:
    """``look_ahead`` of the layout; ``tracked``: for a replay that evaluates, which also needs what lies behind a
    book's first line, its features and its accounts."""
    feature_bytes, account_bytes = 8 * len(FEATURES), BACKTEST.itemsize * len(STRATEGIES)
    book_bytes = HEAD_BYTES + ROOM + feature_bytes + account_bytes

    @kernel
    def look_for_order(engine: Record, state: Record, address: int, stride: int, index: int) -> None:
        """Find the book and the line of record ``index``, and ask for them."""
        place = address + index_of(engine, index) * stride
        event = view(place, MBO)
        key = book_key(event["instrument_id"], event["publisher_id"])
        home = home_of(state, event["order_id"], key)
        prefetch(state["slots"] + home * LINE_BYTES)
        prefetch(state["stamps"] + home * STAMPS_BYTES)
        # Neighbours are often of one book.
        book = state["last_book"]
        if key != state["last_key"] or book == 0:
            book = table_get(engine["book_table"], key, UNCOUNTED, None)
            state["last_key"] = key
            state["last_book"] = book
        guess = book if book != 0 else state["nobody"]
        found = found_at(state, index)
        found["book"] = book
        found["guess"] = guess
        found["home"] = home
        found["event"] = place
        prefetch(guess - HEAD_BYTES)
        prefetch(guess)
        if tracked:
            prefetch(guess + LINE_BYTES)

    @kernel
    def start_looking(engine: Record, state: Record, address: int, stride: int, index: int, count: int) -> None:
        """All looks that would have been taken by now."""
        for turn in range(index, min(index + 2 * state["distance"], count)):
            look_for_order(engine, state, address, stride, turn)
        for turn in range(index, min(index + state["distance"], count)):
            look_for_levels(state, turn)

    @inlined
    def look_for_book(state: Record, index: int) -> None:
        address = found_at(state, index)["guess"]
        book = view(address, BOOK)
        for line in range(2 * LINE_BYTES, ROOM, LINE_BYTES):
            prefetch(address + line)
        for line in range(0, feature_bytes, LINE_BYTES):
            prefetch(book["features"] + line)
        for line in range(0, account_bytes, LINE_BYTES):
            prefetch(book["strategies"] + line)
        prefetch(head_of(address)["quote"] + LINE_BYTES)

    @inlined
    def look_ahead(engine: Record, address: int, stride: int, index: int, count: int, probe: Record) -> None:
        state = view(engine["layout_state"], STATE)
        if index & (STRETCH - 1) == 0:
            make_room(state, min(int64(STRETCH), count - index), probe)
        if index == 0:
            state["ahead"] = int64(held(state) >= state["ahead_bytes"])
            state["cold"] = int64(state["book_count"] * book_bytes >= state["ahead_bytes"])
        if state["ahead"] != 0:
            distance = state["distance"]
            if index & (STRETCH - 1) == 0 and (index == 0 or state["moved"] != 0):
                start_looking(engine, state, address, stride, index, count)
                state["moved"] = 0
            if index + 2 * distance < count:
                look_for_order(engine, state, address, stride, index + 2 * distance)
            if index + distance < count:
                look_for_levels(state, index + distance)
            if tracked and state["cold"] != 0:
                # Books have been found twice the distance ahead, and no further.
                soon = index + min(int64(SOON), 2 * distance)
                if soon < count:
                    look_for_book(state, soon)

    return look_ahead


@kernel(stage="lookup")
def find_ahead(engine: Record, event: Record, index: int) -> int:
    """Address of the book of record ``index``, 0 if it was not looked for or not found ahead; ``home`` of its order."""
    state = view(engine["layout_state"], STATE)
    book = int64(0)
    if state["ahead"] != 0:
        found = found_at(state, index)
        state["home"] = found["home"]
        book = found["book"]
    else:
        key = book_key(event["instrument_id"], event["publisher_id"])
        state["home"] = home_of(state, event["order_id"], key)
    return book
