"""Books in general-purpose records: levels in a sorted array of addresses, orders as the policies for lookup and memory
keep them."""

from __future__ import annotations

import numpy as np

from lobench.engine.book import build_book, side_at
from lobench.engine.compiling import inlined, kernel
from lobench.engine.containers import SLOT_BYTES, item, table_release, table_size
from lobench.engine.digest import book_value
from lobench.engine.inputs import LEVELS
from lobench.engine.layout import BOOK, LEVEL, OUTPUT_LEVEL, RUNG
from lobench.engine.market import book_key, find_book, requote
from lobench.engine.native import Record, address_of, float64, free, int64, view
from lobench.engine.policy import Layout, LayoutKernels, Lookup, Memory
from lobench.engine.price_ladder import RUNG_BYTES, level_from_best
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.shards import split
from lobench.engine.trackers import best_price, follow_best

BOOK_BYTES = BOOK.itemsize
OUTPUT_LEVEL_BYTES = OUTPUT_LEVEL.itemsize


@kernel
def find(state: Record, event: Record, turn: int) -> int:
    return find_book(state, book_key(event["instrument_id"], event["publisher_id"]))


@kernel
def best_price_of(book: Record, which: int) -> float:
    return best_price(side_at(address_of(book), which))


@kernel
def best_of(book: Record, which: int) -> tuple[int, int]:
    price, size = int64(UNDEF_PRICE), int64(0)
    best = side_at(address_of(book), which)["best"]
    if best != 0:
        level = view(best, LEVEL)
        price, size = level["price"], level["size"]
    return price, size


@inlined
def read_side(book: Record, which: int, levels: Record) -> None:
    side = side_at(address_of(book), which)
    # Read once: stores to ``levels`` would make the compiler read them again for every depth.
    count = side["count"]
    best = side["rungs"] + (count - 1) * RUNG_BYTES
    for depth in range(LEVELS):
        if depth < count:
            level = view(view(best - depth * RUNG_BYTES, RUNG)["level"], LEVEL)
            levels["price"][depth] = float64(level["price"])
            levels["size"][depth] = float64(level["size"])
        else:
            levels["price"][depth] = np.nan
            levels["size"][depth] = 0.0


@inlined
def append_side(book: Record, which: int, columns: Record, place: int) -> tuple[int, int]:
    side = side_at(address_of(book), which)
    count = side["count"]
    best = side["rungs"] + (count - 1) * RUNG_BYTES
    best_price, best_size = int64(UNDEF_PRICE), int64(0)
    for depth in range(LEVELS):
        price, size = int64(UNDEF_PRICE), int64(0)
        if depth < count:
            level = view(view(best - depth * RUNG_BYTES, RUNG)["level"], LEVEL)
            price, size = level["price"], level["size"]
        columns["price"][depth, place] = price
        columns["size"][depth, place] = size
        if depth == 0:
            best_price, best_size = price, size
    return best_price, best_size


@kernel
def write_levels(book: Record, address: int, depth: int) -> None:
    for place in range(depth):
        output = view(address + place * OUTPUT_LEVEL_BYTES, OUTPUT_LEVEL)
        bid = level_from_best(book["bid"], place)
        ask = level_from_best(book["ask"], place)
        output["bid_px"], output["bid_sz"], output["bid_ct"] = UNDEF_PRICE, 0, 0
        output["ask_px"], output["ask_sz"], output["ask_ct"] = UNDEF_PRICE, 0, 0
        if bid != 0:
            level = view(bid, LEVEL)
            output["bid_px"], output["bid_sz"], output["bid_ct"] = level["price"], level["size"], level["count"]
        if ask != 0:
            level = view(ask, LEVEL)
            output["ask_px"], output["ask_sz"], output["ask_ct"] = level["price"], level["size"], level["count"]


def build_general(lookup: Lookup, memory: Memory, tracked: bool, mids: bool | None) -> LayoutKernels:
    """The functions of this layout."""
    rules = build_book(lookup, memory, tracked)
    clear = rules.clear
    new_block, free_block, held, destroy_memory = memory.new_block, memory.free_block, memory.held, memory.destroy

    @kernel
    def new_book(state: Record, probe: Record) -> int:
        return new_block(state, BOOK_BYTES, probe)

    @kernel
    def follow(state: Record, book_address: int, instrument: Record, probe: Record) -> None:
        if tracked:
            book = view(book_address, BOOK)
            follow_best(book["bid"], book["events"])
            follow_best(book["ask"], book["events"])
        if mids is not None:
            requote(instrument)

    @kernel
    def measure(state: Record, total: Record) -> None:
        orders, levels = int64(0), int64(0)
        for index in range(state["books"]["count"]):
            book = view(item(state["books"], index), BOOK)
            orders += book["orders"]["count"]
            total["table_bytes"] += table_size(book["orders"]) * SLOT_BYTES
            levels += book["bid"]["count"] + book["ask"]["count"]
            total["ladder_bytes"] += (book["bid"]["capacity"] + book["ask"]["capacity"]) * RUNG_BYTES
        total["orders"] += orders
        total["levels"] += levels
        total["order_bytes"] += held(state, orders, levels)

    @kernel
    def drop(state: Record, book_address: int) -> None:
        book = view(book_address, BOOK)
        clear(state, book_address, None)
        free(book["bid"]["rungs"])
        free(book["ask"]["rungs"])
        table_release(book["orders"])
        free_block(state, book_address)

    return LayoutKernels(
        reserve=memory.reserve,
        split=split,
        find=find,
        new_book=new_book,
        apply=rules.apply,
        follow=follow,
        best_price=best_price_of,
        best=best_of,
        read_side=read_side,
        append_side=append_side,
        write_levels=write_levels,
        book_value=book_value,
        measure=measure,
        drop=drop,
        destroy=destroy_memory,
    )


GENERAL = Layout(name="general", build=build_general)
