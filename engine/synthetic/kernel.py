"""The generator's loop: the state of the feed, and the choice of the next book."""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import entry, kernel
from lobench.engine.native import Record
from lobench.engine.records import ADD, CLEAR, F_BAD_TS_RECV, F_LAST, F_SNAPSHOT, NO_SIDE, UNDEF_PRICE
from lobench.engine.synthetic.book import below, chance, clear, create, draw, next_level, random
from lobench.engine.synthetic.flow import flow, modify
from lobench.engine.synthetic.irregular import irregular
from lobench.engine.synthetic.market import CLEAR as CLEARED
from lobench.engine.synthetic.market import CONTINUOUS, LONGEST_QUEUE, PREOPEN, REBUILD, SNAPSHOT, UNCROSS, Array
from lobench.engine.synthetic.tables import ENTRIES, SIZE
from lobench.engine.synthetic.trades import trade, uncross
from lobench.engine.synthetic.views import alias_at, best_of, book_at, level_at, order_at, stage_at
from lobench.engine.synthetic.writer import NO_ID, advance_clock, emit, emit_order, fresh_id

_TRADES, _MODIFIES = 61, 245
"""Groups of 1024 that trade, that modify an order."""
_SNAPSHOT = F_SNAPSHOT | F_BAD_TS_RECV


@kernel
def settle_in(market: Record, book: int, wanted: int) -> None:
    """Fill an empty book with ``wanted`` orders as they would rest after a while; nothing is written."""
    info = book_at(market, book)
    middle = info["width"] // 2
    for depth in range(2 * LONGEST_QUEUE):
        for ticks in range(middle):
            ratio = ticks / info["reach"]
            # Slightly above the target, so that the last rounds do not fall short.
            aim = 0.05 + 1.05 * info["queue"] / (1.0 + ratio * ratio)
            for side in range(2):
                if info["live"] < wanted and depth + below(market, 1 << 20) / (1 << 20) < aim:
                    step = middle - 1 - ticks if side == 0 else middle + ticks
                    create(market, book, side, step, draw(market, SIZE), fresh_id(market, book))
        if info["live"] >= wanted:
            break


@kernel
def walk(market: Record) -> None:
    """The next record of a snapshot: per book R, then A of each order, bids first, from the best queue's front on."""
    book, side, slot = market["walk_book"], market["walk_side"], market["walk_slot"]
    if slot == 0:
        while book < market["books"] and book_at(market, book)["live"] == 0:
            book += 1
        if book >= market["books"]:
            market["walk_book"] = 0
            market["mode"] = CONTINUOUS
            return
        emit(market, book, CLEAR, NO_SIDE, NO_ID, UNDEF_PRICE, 0, _SNAPSHOT)
        side = 0 if best_of(market, book, 0)["value"] >= 0 else 1
        slot = level_at(market, book, side, best_of(market, book, side)["value"])["head"]
    else:
        order = order_at(market, slot)
        following = order["next"]
        step = order["tick"]
        if following == 0:
            step = next_level(market, book, side, step + 2 * side - 1)
            if step < 0 and side == 0:
                side = 1
                step = best_of(market, book, 1)["value"]
            following = level_at(market, book, side, step)["head"] if step >= 0 else 0
        emit_order(market, book, ADD, slot, order["size"], _SNAPSHOT if following != 0 else _SNAPSHOT | F_LAST)
        slot = following
        book += slot == 0
    market["walk_book"], market["walk_side"], market["walk_slot"] = book, side, slot


@kernel
def next_stage(market: Record) -> None:
    """Begin the feed's next state, once its turn has come."""
    stage = stage_at(market, market["stage"])
    if market["produced"] >= stage["at"] and (market["mode"] == CONTINUOUS or market["mode"] == PREOPEN):
        market["mode"] = stage["mode"]
        market["stage"] += 1


@kernel
def choose_book(market: Record) -> int:
    """The next group's book, by activity; a busy book often continues."""
    if market["books"] > 1 and not chance(market, 307):
        choice = below(market, market["books"])
        alias = alias_at(market, choice)
        threshold = np.int64(random(market) >> np.uint64(32))
        market["book"] = choice if threshold < alias["threshold"] else alias["other"]
    return int(market["book"])


@kernel
def group(market: Record) -> None:
    """One group of records of one book."""
    book = choose_book(market)
    advance_clock(market)
    mode = market["mode"]
    if mode == UNCROSS:
        uncross(market, book)
        return
    if mode == CLEARED:
        for other in range(market["books"]):
            clear(market, other)
            emit(market, other, CLEAR, NO_SIDE, NO_ID, UNDEF_PRICE, 0, F_LAST)
        market["mode"] = CONTINUOUS
        return
    if market["irregular"] > 0 and np.int64(random(market) >> np.uint64(11)) < market["irregular"]:
        irregular(market, book)
        return
    info = book_at(market, book)
    what = below(market, ENTRIES)
    if info["live"] * 2 < info["target"]:
        flow(market, book)
    elif what < _TRADES and mode == CONTINUOUS:
        trade(market, book)
    elif what < _TRADES + _MODIFIES:
        modify(market, book)
    else:
        flow(market, book)


@entry
def prepare(state: Array, wanted: Array) -> None:
    """Fill the books for the first snapshot; ``state``: STATE, shape (1,); ``wanted``: orders per book, int64."""
    market = state[0]
    for book in range(len(wanted)):
        if wanted[book] > 0:
            settle_in(market, book, wanted[book])


@entry
def produce(state: Array, count: int) -> None:
    """Write groups until the buffer holds ``count`` records or up to a group more, ``state["count"]`` in all."""
    market = state[0]
    while market["count"] < count:
        next_stage(market)
        if market["mode"] == REBUILD:
            market["mode"] = SNAPSHOT
        if market["mode"] == SNAPSHOT:
            walk(market)
        else:
            group(market)
