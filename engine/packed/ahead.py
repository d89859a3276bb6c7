"""Looking ahead: while one block of records is applied, what the next two need is on its way to the cache.

Two blocks ahead, each record's book is found, and the lines of the table where its order stands or will stand are asked
for; one block ahead, by then those have come, so the order's level, and the level at the record's price, are. All of it
is a guess: nothing but time depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.compiling import inlined, kernel
from engine.containers import table_get
from engine.counters import UNCOUNTED
from engine.layout import BACKTEST, BOOK
from engine.market import book_key
from engine.native import INTEGER, Record, element, int64, prefetch, trailing_zeros, uint64, view
from engine.packed.growth import held, make_room
from engine.packed.layout import HEAD_BYTES, LEVEL_MASK, LINE_BYTES, SLOTS, STATE
from engine.packed.levels import best_of, numbers_at, tick_of
from engine.packed.near import ROOM
from engine.packed.orders import LEVEL_BYTES, STAMPS_BYTES, empty_slots, home_of, level_of, line_at, matches, slot_at
from engine.packed.parameters import RING
from engine.packed.quotes import head_of
from engine.records import ASK, MBO
from engine.registry import FEATURES, STRATEGIES
from engine.shards import index_of

SOON = 4
"""Records ahead that the rest of a book is asked for: it is much, and shall not drive out what is needed first."""
STRETCH = 512
"""Records between two looks at how full the tables are."""
_NONE = uint64(1 << (SLOTS - 1))


@kernel
def found_at(state: Record, index: int) -> Record:
    """Address of the book of record ``index`` as found ahead; the empty book if there was none."""
    return view(element(state["found"], index & (RING - 1), RING, 8), INTEGER)


@inlined
def look_for_levels(engine: Record, state: Record, address: int, stride: int, first: int, count: int) -> None:
    for index in range(first, min(first + state["block"], count)):
        event = view(address + index_of(engine, index) * stride, MBO)
        key = book_key(event["instrument_id"], event["publisher_id"])
        home = home_of(state, event["order_id"], key)
        line = line_at(state, home)
        held = matches(line, event["order_id"])
        # An order that is not here, or has no room here, is behind it.
        elsewhere = int64(held == 0) & (int64(empty_slots(line) == 0) | int64(int64(line["level_0"]) > LEVEL_MASK))
        prefetch(state["slots"] + (home + elsewhere) * LINE_BYTES)
        slot = slot_at(state, home * SLOTS + trailing_zeros(uint64(held) | _NONE))
        prefetch(state["levels"] + level_of(slot) * LEVEL_BYTES)
        head = head_of(found_at(state, index)["value"])
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

    @inlined
    def look_for_orders(engine: Record, state: Record, address: int, stride: int, first: int, count: int) -> None:
        for index in range(first, min(first + state["block"], count)):
            event = view(address + index_of(engine, index) * stride, MBO)
            key = book_key(event["instrument_id"], event["publisher_id"])
            home = home_of(state, event["order_id"], key)
            prefetch(state["slots"] + home * LINE_BYTES)
            prefetch(state["stamps"] + home * STAMPS_BYTES)
            book = table_get(engine["book_table"], key, UNCOUNTED, None)
            book = book if book != 0 else state["nobody"]
            found_at(state, index)["value"] = book
            prefetch(book - HEAD_BYTES)
            prefetch(book)
            if tracked:
                prefetch(book + LINE_BYTES)

    @inlined
    def look_for_book(state: Record, index: int) -> None:
        address = found_at(state, index)["value"]
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
        state = view(engine["packed"], STATE)
        if index & (STRETCH - 1) == 0:
            make_room(state, min(int64(STRETCH), count - index), probe)
        if index == 0:
            state["ahead"] = int64(held(state) >= state["ahead_bytes"])
            state["cold"] = int64(state["book_count"] * book_bytes >= state["ahead_bytes"])
        block = state["block"]
        if state["ahead"] != 0 and index & (block - 1) == 0:
            if index == 0:
                look_for_orders(engine, state, address, stride, index, count)
                look_for_orders(engine, state, address, stride, index + block, count)
                look_for_levels(engine, state, address, stride, index, count)
            look_for_orders(engine, state, address, stride, index + 2 * block, count)
            look_for_levels(engine, state, address, stride, index + block, count)
        if tracked and state["ahead"] & state["cold"] != 0:
            # Books have been found two blocks ahead, and no further.
            soon = index + min(int64(SOON), 2 * block)
            if soon < count:
                look_for_book(state, soon)

    return look_ahead


@kernel
def find_ahead(engine: Record, index: int) -> int:
    """Address of the book of record ``index``, 0 if it was not looked for or not found ahead."""
    state = view(engine["packed"], STATE)
    book = int64(0)
    if state["ahead"] != 0:
        book = found_at(state, index)["value"]
        book = book if book != state["nobody"] else int64(0)
    return book
