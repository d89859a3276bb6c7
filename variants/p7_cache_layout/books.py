"""The packed layout as a policy: create, find, update, measure and free books."""

from __future__ import annotations

from lobench.engine import arena
from lobench.engine.aligned_alloc import LINE_BYTES, aligned_free
from lobench.engine.arena import take
from lobench.engine.book import side_at
from lobench.engine.compiling import kernel
from lobench.engine.containers import item
from lobench.engine.layout import BOOK
from lobench.engine.market import book_key, find_book
from lobench.engine.native import INTEGER, Record, free, int64, view
from lobench.engine.policy import Layout, LayoutKernels, Lookup, Memory
from lobench.engine.records import BATCH
from lobench.engine.shards import split
from lobench.variants.p7_cache_layout.batch_sort import sorted_split
from lobench.variants.p7_cache_layout.bbo import free_touches, head_of, join_instrument, put_mid
from lobench.variants.p7_cache_layout.candidates import candidates
from lobench.variants.p7_cache_layout.growth import make_room, open_packed
from lobench.variants.p7_cache_layout.layout import HEAD_BYTES, PACKED
from lobench.variants.p7_cache_layout.level_iteration import best, best_price, levels_of, read_side, write_levels
from lobench.variants.p7_cache_layout.levels import window_bytes
from lobench.variants.p7_cache_layout.orders import STAMPS_BYTES
from lobench.variants.p7_cache_layout.overflow import bytes_of, overflow_of, release
from lobench.variants.p7_cache_layout.parameters import DEFAULTS
from lobench.variants.p7_cache_layout.pool import LEVEL_BYTES
from lobench.variants.p7_cache_layout.prefetch import build_look_ahead, find_ahead
from lobench.variants.p7_cache_layout.queues import arrange, book_value, forget
from lobench.variants.p7_cache_layout.reading import Queues
from lobench.variants.p7_cache_layout.record_sort import longest, take_copies
from lobench.variants.p7_cache_layout.rules import build_rules
from lobench.variants.p7_cache_layout.top_levels import PACKED_BOOK_BYTES, append_side
from lobench.variants.p7_cache_layout.window import FIRST_CREDIT


@kernel
def reserve(state: Record, count: int, probe: Record) -> None:
    if state["layout_state"] == 0:
        open_packed(state)
        # Also for a worker that never receives a record.
        make_room(view(state["layout_state"], PACKED), int64(1), probe)


@kernel
def find(state: Record, event: Record, turn: int) -> int:
    book = find_ahead(state, event, turn)
    if book == 0:
        book = find_book(state, book_key(event["instrument_id"], event["publisher_id"]))
    return book


@kernel
def new_book(state: Record, probe: Record) -> int:
    packed = view(state["layout_state"], PACKED)
    return take(packed["arena"], HEAD_BYTES + PACKED_BOOK_BYTES) + HEAD_BYTES


@kernel
def measure(state: Record, total: Record) -> None:
    if state["layout_state"] != 0:
        packed = view(state["layout_state"], PACKED)
        total["orders"] += packed["live"]
        total["order_bytes"] += packed["level_room"] * LEVEL_BYTES
        total["table_bytes"] += packed["lines"] * (LINE_BYTES + STAMPS_BYTES)
        for index in range(state["books"]["count"]):
            head = head_of(item(state["books"], index))
            width = int64(head["width"])
            total["ladder_bytes"] += window_bytes(width) if width != 0 else int64(0)
            for which in range(2):
                total["levels"] += levels_of(head, which)
                total["ladder_bytes"] += bytes_of(overflow_of(head, which))


@kernel
def drop(state: Record, book_address: int) -> None:
    head = head_of(book_address)
    # The touches of an instrument's books are adjacent.
    if view(book_address, BOOK)["next_of_instrument"] == 0:
        free_touches(head["touches"])
    for which in range(2):
        release(overflow_of(head, which))


def build_packed(lookup: Lookup, memory: Memory, tracked: bool, mids: bool | None) -> LayoutKernels:
    """The functions of this layout. Orders, levels and books are its own: it does not use ``lookup``, and ``memory``
    provides only the other data of books."""
    destroy_memory = memory.destroy
    quoted = mids is not None

    @kernel
    def start(state: Record, book_address: int) -> None:
        packed, head = view(state["layout_state"], PACKED), head_of(book_address)
        number = packed["book_count"]
        packed["book_count"] += 1
        view(packed["books"] + 8 * number, INTEGER)["value"] = book_address
        head["number"] = number
        head["packed"] = state["layout_state"]
        head["credit"] = FIRST_CREDIT
        head["allowance"] = FIRST_CREDIT
        head["granted"] = FIRST_CREDIT
        for which in range(2):
            side_at(book_address, which)["stale"] = 1
        if quoted:
            join_instrument(packed, book_address)

    @kernel
    def follow(state: Record, book_address: int, instrument: Record, probe: Record) -> None:
        # BBO and queue positions were updated with each change.
        if tracked and mids:
            put_mid(instrument)

    @kernel
    def destroy(state: Record) -> None:
        if state["layout_state"] != 0:
            packed = view(state["layout_state"], PACKED)
            forget(packed)
            free(packed["scratch"])
            aligned_free(packed["slots"])
            aligned_free(packed["stamps"])
            aligned_free(packed["levels"])
            aligned_free(packed["books"])
            aligned_free(packed["found"])
            aligned_free(packed["top"])
            aligned_free(packed["groups"])
            aligned_free(packed["copies"])
            aligned_free(packed["nobody"] - HEAD_BYTES)
            arena.release(packed["arena"])
            aligned_free(state["layout_state"])
            state["layout_state"] = 0
        destroy_memory(state)

    return LayoutKernels(
        reserve=reserve,
        split=sorted_split if tracked else split,
        longest=longest,
        take_copies=take_copies,
        look_ahead=build_look_ahead(tracked, quoted),
        find=find,
        new_book=new_book,
        start=start,
        apply=build_rules(tracked, quoted),
        follow=follow,
        best_price=best_price,
        best=best,
        read_side=read_side,
        append_side=append_side,
        write_levels=write_levels,
        arrange=arrange,
        book_value=book_value,
        measure=measure,
        drop=drop,
        destroy=destroy,
    )


PACKED_LAYOUT = Layout(
    name="packed",
    build=build_packed,
    replaces=("lookup",),
    inspect=Queues,
    parameters=DEFAULTS,
    candidates=candidates,
    block=BATCH,
)
