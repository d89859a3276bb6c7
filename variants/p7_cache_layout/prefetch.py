"""Prefetch: while one record is applied, the data for later ones is on its way to the cache.

Twice ``distance`` records ahead, a record's book is found, and the table lines of its order are prefetched;
``distance`` records ahead, when those lines have arrived, the order's level and the level at the record's price are.
Where books are large, the price's place in the window is prefetched between the two, and the rest of the book last.
The place of an order's line is kept until its record is applied; the rest is a guess on which nothing but time depends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lobench.engine.aligned_alloc import LINE_BYTES
from lobench.engine.compiling import inlined, kernel
from lobench.engine.containers import table_get
from lobench.engine.counters import UNCOUNTED
from lobench.engine.layout import BACKTEST, BOOK, INSTRUMENT, TRADES
from lobench.engine.market import book_key
from lobench.engine.native import Record, element, int64, prefetch, trailing_zeros, uint64, view
from lobench.engine.records import ASK, MBO
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.shards import index_of
from lobench.variants.p7_cache_layout.bbo import head_of, quote_of
from lobench.variants.p7_cache_layout.growth import held, make_room
from lobench.variants.p7_cache_layout.layout import FOUND, FOUND_BYTES, HEAD_BYTES, PACKED, SLOTS
from lobench.variants.p7_cache_layout.levels import NUMBER_BYTES, best_of, bits_of, numbers_at, tick_of
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
from lobench.variants.p7_cache_layout.top_levels import PACKED_BOOK_BYTES

SOON = 4
"""Distance, in records, for the rest of a book: it is large, and must not evict data needed earlier."""
STRETCH = 512
"""Records between two looks at how full the tables are."""
MEAN_OFFSET = INSTRUMENT.fields["trades"][1] + TRADES.fields["mean"][1]  # type: ignore[index]
_NONE = uint64(1 << (SLOTS - 1))


@kernel
def found_at(packed: Record, turn: int) -> Record:
    """The result of looking ahead for the record of turn ``turn``."""
    return view(element(packed["found"], turn & (RING - 1), RING, FOUND_BYTES), FOUND)


@kernel(stage="levels")
def look_for_place(packed: Record, turn: int) -> None:
    """Ask for the place in its book's window that the record of turn ``turn`` needs, and for its bits."""
    found = found_at(packed, turn)
    event, head = view(found["event"], MBO), head_of(found["guess"])
    width = int64(head["width"])
    ticks = tick_of(head, event["price"])
    if ticks < uint64(width):
        place = int64(event["side"] == ASK) * width + int64(ticks)
        prefetch(head["window"] + place * NUMBER_BYTES)
        prefetch(bits_of(head) + (place >> 6) * 8)


def build_look_ahead(tracked: bool, quoted: bool) -> Callable[..., Any]:
    """``look_ahead`` of the layout; ``tracked``: for a replay that computes features, which also needs the lines behind
    a book's first one, its features and its accounts; ``quoted``: for one that keeps BBOs of instruments."""
    feature_bytes, account_bytes = 8 * len(FEATURES), BACKTEST.itemsize * len(STRATEGIES)
    book_bytes = HEAD_BYTES + PACKED_BOOK_BYTES + feature_bytes + account_bytes

    @kernel
    def look_for_order(state: Record, packed: Record, address: int, stride: int, turn: int) -> None:
        """Find the book and the line of the record of turn ``turn``, and ask for them."""
        place = address + index_of(state, turn) * stride
        event = view(place, MBO)
        key = book_key(event["instrument_id"], event["publisher_id"])
        home = home_of(packed, event["order_id"], key)
        prefetch(packed["slots"] + home * LINE_BYTES)
        prefetch(packed["stamps"] + home * STAMPS_BYTES)
        # Adjacent records often share a book.
        book = packed["last_book"]
        if key != packed["last_key"] or book == 0:
            book = table_get(state["book_table"], key, UNCOUNTED, None)
            packed["last_key"] = key
            packed["last_book"] = book
        guess = book if book != 0 else packed["nobody"]
        found = found_at(packed, turn)
        found["book"] = book
        found["guess"] = guess
        found["home"] = home
        found["event"] = place
        if packed["cold"] != 0:
            prefetch(guess - HEAD_BYTES)
            prefetch(guess)
            if tracked:
                prefetch(guess + LINE_BYTES)

    @kernel(stage="levels")
    def look_for_levels(packed: Record, turn: int) -> None:
        """Ask for the levels that the record of turn ``turn`` needs, and where books are large for what a change of the
        best price needs."""
        found = found_at(packed, turn)
        event = view(found["event"], MBO)
        home = found["home"]
        held = matches(line_at(packed, home), event["order_id"])
        # An order in a later line is left to its record: looking for it here costs as much as it gains.
        slot = slot_at(packed, home * SLOTS + trailing_zeros(uint64(held) | _NONE))
        prefetch(packed["levels"] + level_of(slot) * LEVEL_BYTES)
        head = head_of(found["guess"])
        which = int64(event["side"] == ASK)
        width = int64(head["width"])
        ticks = tick_of(head, event["price"])
        joined = int64(0)
        if ticks < uint64(width):
            joined = int64(numbers_at(head, which * width + int64(ticks))["value"])
        prefetch(packed["levels"] + joined * LEVEL_BYTES)
        if packed["cold"] != 0:
            prefetch(packed["levels"] + best_of(head, which) * LEVEL_BYTES)
            if not tracked:
                # An evaluation without features reads both best levels.
                prefetch(packed["levels"] + best_of(head, 1 - which) * LEVEL_BYTES)
            if quoted:
                prefetch(quote_of(found["guess"]))
                prefetch(head["touch"])

    @kernel
    def start_looking(state: Record, packed: Record, address: int, stride: int, turn: int, count: int) -> None:
        """All looks that would have been taken by now."""
        for each in range(turn, min(turn + 2 * packed["distance"], count)):
            look_for_order(state, packed, address, stride, each)
        for each in range(turn, min(turn + packed["distance"], count)):
            look_for_levels(packed, each)

    @inlined
    def look_for_book(packed: Record, turn: int) -> None:
        address = found_at(packed, turn)["guess"]
        book = view(address, BOOK)
        for line in range(2 * LINE_BYTES, PACKED_BOOK_BYTES, LINE_BYTES):
            prefetch(address + line)
        for line in range(0, feature_bytes, LINE_BYTES):
            prefetch(book["features"] + line)
        for line in range(0, account_bytes, LINE_BYTES):
            prefetch(book["strategies"] + line)
        prefetch(address - HEAD_BYTES + LINE_BYTES)
        prefetch(book["instrument"] + MEAN_OFFSET)
        prefetch(quote_of(address) + LINE_BYTES)

    @inlined
    def look_ahead(state: Record, address: int, stride: int, turn: int, count: int, probe: Record) -> None:
        packed = view(state["layout_state"], PACKED)
        if turn & (STRETCH - 1) == 0:
            make_room(packed, min(int64(STRETCH), count - turn), probe)
        if turn == 0:
            packed["ahead"] = int64(held(packed) >= packed["ahead_bytes"])
            packed["cold"] = int64(packed["book_count"] * book_bytes >= packed["ahead_bytes"])
        if packed["ahead"] != 0:
            distance = packed["distance"]
            if turn & (STRETCH - 1) == 0 and (turn == 0 or packed["moved"] != 0):
                start_looking(state, packed, address, stride, turn, count)
                packed["moved"] = 0
            if turn + 2 * distance < count:
                look_for_order(state, packed, address, stride, turn + 2 * distance)
            if turn + distance < count:
                look_for_levels(packed, turn + distance)
            if packed["cold"] != 0:
                if turn + distance + (distance >> 1) < count:
                    look_for_place(packed, turn + distance + (distance >> 1))
                # Books are known up to twice the distance ahead.
                soon = turn + min(int64(SOON), 2 * distance)
                if tracked and soon < count:
                    look_for_book(packed, soon)

    return look_ahead


@kernel(stage="lookup")
def find_ahead(state: Record, event: Record, turn: int) -> int:
    """Address of the book of the record of turn ``turn``, 0 if it was not looked for or not found ahead; notes the
    ``home`` of its order."""
    packed = view(state["layout_state"], PACKED)
    book = int64(0)
    if packed["ahead"] != 0:
        found = found_at(packed, turn)
        packed["home"] = found["home"]
        book = found["book"]
    else:
        key = book_key(event["instrument_id"], event["publisher_id"])
        packed["home"] = home_of(packed, event["order_id"], key)
    return book
