"""The book rules for packed books: the steps that records ask for (``lobench.engine.actions``), with less to keep right
than in linked records.

An order's stamps are the book's event numbers modulo 2^32; what they say is restored from the present event's number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lobench.engine.actions import Steps, build_actions, cancelled_size, note_lifetime
from lobench.engine.book import side_at
from lobench.engine.compiling import inlined, kernel
from lobench.engine.counters import LINES_TOUCHED, tally
from lobench.engine.layout import BOOK
from lobench.engine.native import Record, int64, uint64, view
from lobench.variants.p7_cache_layout.layout import STATE
from lobench.variants.p7_cache_layout.levels import best_of
from lobench.variants.p7_cache_layout.near import follow_level
from lobench.variants.p7_cache_layout.orders import erase, find, insert, level_of, put_level, slot_at, stamp_at
from lobench.variants.p7_cache_layout.pool import level_at
from lobench.variants.p7_cache_layout.quotes import head_of, requote
from lobench.variants.p7_cache_layout.sides import empty_side, grow, level_for, shrink

_MODULO = 0xFFFFFFFF


@kernel
def age(events: int, stamp: int) -> int:
    """Events of the book since a stamp was written."""
    return (events - int64(stamp)) & _MODULO


@kernel(stage="features")
def follow_best(state: Record, book_address: int, which: int, number: int) -> None:
    """The hypothetical order of a side joins anew when the best price is a new one; ``number``: of its best level."""
    side = side_at(book_address, which)
    position = side["position"]
    if number == 0:
        position["valid"] = 0
    else:
        level = level_at(state, number)
        if position["valid"] == 0 or level["price"] != position["price"] or side["reset"] != 0:
            position["valid"] = 1
            position["price"] = level["price"]
            position["joined"] = view(book_address, BOOK)["events"]
            position["ahead"] = level["size"]
    side["reset"] = 0


@kernel
def rests(place: int) -> bool:
    return place >= 0


@kernel
def find_order(engine: Record, book_address: int, order_id: int, probe: Record) -> int:
    state = view(engine["layout_state"], STATE)
    return find(state, state["home"], uint64(order_id), head_of(book_address)["number"], probe)


@kernel
def terms(engine: Record, place: int) -> tuple[int, int, int]:
    state = view(engine["layout_state"], STATE)
    slot = slot_at(state, place)
    level = level_at(state, level_of(slot))
    return int64(level["owner"]) & 1, level["price"], int64(slot["size"])


def build_rules(tracked: bool) -> Callable[..., Any]:
    """``apply(engine, book_address, event, probe)``; without what only features need unless ``tracked``."""

    @kernel(stage="features")
    def lose_queue(book_address: int, which: int, price: int, events: int, arrival: int, amount: int) -> None:
        """A resting order loses ``amount``: the hypothetical order moves up if it stands behind it."""
        position = side_at(book_address, which)["position"]
        # No branch: which orders stand ahead is as good as random.
        ahead = (price == position["price"]) & (events - age(events, arrival) <= position["joined"])
        position["ahead"] -= amount & -int64(ahead)

    @kernel
    def requote_side(state: Record, book_address: int, which: int, probe: Record) -> None:
        """After a side changed, as the last thing that an event does to it: its part of the BBO, and whether the
        hypothetical order joins anew."""
        head = head_of(book_address)
        if tracked:
            follow_best(state, book_address, which, best_of(head, which))
        requote(state, head, which, probe)

    @kernel
    def gain(state: Record, book_address: int, which: int, number: int, size: int, orders: int, probe: Record) -> None:
        """A level gets size and orders."""
        if tracked:
            level = level_at(state, number)
            follow_level(book_address, which, level["price"], size, level["size"] == 0)
        grow(state, head_of(book_address), which, number, size, orders, probe)

    @kernel
    def lose(state: Record, book_address: int, which: int, number: int, size: int, orders: int, probe: Record) -> None:
        """A level loses size and orders, and closes when none is left."""
        if tracked:
            level = level_at(state, number)
            follow_level(book_address, which, level["price"], -size, level["size"] == size)
        shrink(state, head_of(book_address), which, number, size, orders, probe)

    @kernel
    def lose_part(book_address: int, which: int, level: Record, size: int) -> None:
        """A level loses some of its size, and no order."""
        if tracked:
            follow_level(book_address, which, level["price"], -size, False)
        level["size"] -= size

    @kernel
    def empty_one(engine: Record, book_address: int, which: int, probe: Record) -> None:
        state = view(engine["layout_state"], STATE)
        empty_side(state, head_of(book_address), which)
        if tracked:
            side_at(book_address, which)["reset"] = 1
            side_at(book_address, which)["stale"] = 1

    @kernel
    def place_top(engine: Record, book_address: int, which: int, price: int, size: int, probe: Record) -> None:
        state, head = view(engine["layout_state"], STATE), head_of(book_address)
        gain(state, book_address, which, level_for(state, head, which, price, probe), size, int64(0), probe)

    @kernel
    def close_side(engine: Record, book_address: int, which: int, probe: Record) -> None:
        requote_side(view(engine["layout_state"], STATE), book_address, which, probe)

    @kernel
    def leave(state: Record, book_address: int, place: int, events: int, probe: Record) -> int:
        """An order goes from its level; returns the level's side."""
        slot = slot_at(state, place)
        number = level_of(slot)
        level = level_at(state, number)
        own = int64(level["owner"]) & 1
        size = int64(slot["size"])
        if tracked:
            lose_queue(book_address, own, level["price"], events, stamp_at(state, place)["arrival"], size)
        lose(state, book_address, own, number, size, int64(1), probe)
        return own

    @inlined
    def cancel(engine: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        state, book = view(engine["layout_state"], STATE), view(book_address, BOOK)
        slot = slot_at(state, place)
        number = level_of(slot)
        level = level_at(state, number)
        own = int64(level["owner"]) & 1
        resting = int64(slot["size"])
        window = book["trackers"]["window"]
        taken = cancelled_size(engine, event, which, own, level["price"], resting, window, tracked)
        if tracked:
            stamp = stamp_at(state, place)
            lose_queue(book_address, own, level["price"], book["events"], stamp["arrival"], taken)
            tally(probe, LINES_TOUCHED, 1)
        if taken == resting:
            if tracked:
                note_lifetime(book, age(book["events"], stamp_at(state, place)["birth"]))
            erase(state, state["home"], place)
            state["live"] -= 1
            lose(state, book_address, own, number, taken, int64(1), probe)
        else:
            slot["size"] = resting - taken
            lose_part(book_address, own, level, taken)
        requote_side(state, book_address, own, probe)

    @inlined
    def create(engine: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        state, book, head = view(engine["layout_state"], STATE), view(book_address, BOOK), head_of(book_address)
        size = int64(event["size"])
        number = level_for(state, head, which, event["price"], probe)
        place = insert(state, state["home"], event["order_id"], size, number, probe)
        stamp = stamp_at(state, place)
        stamp["birth"] = book["events"] & _MODULO
        stamp["arrival"] = book["events"] & _MODULO
        tally(probe, LINES_TOUCHED, 1)
        state["live"] += 1
        gain(state, book_address, which, number, size, int64(1), probe)

    @kernel
    def keep_place(engine: Record, book_address: int, place: int, size: int, probe: Record) -> None:
        state = view(engine["layout_state"], STATE)
        slot = slot_at(state, place)
        level = level_at(state, level_of(slot))
        taken = int64(slot["size"]) - size
        if tracked and taken != 0:
            events = view(book_address, BOOK)["events"]
            own = int64(level["owner"]) & 1
            lose_queue(book_address, own, level["price"], events, stamp_at(state, place)["arrival"], taken)
        slot["size"] = size
        lose_part(book_address, int64(level["owner"]) & 1, level, taken)

    @kernel
    def relocate(engine: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        """The order keeps its slot."""
        state, book, head = view(engine["layout_state"], STATE), view(book_address, BOOK), head_of(book_address)
        leave(state, book_address, place, book["events"], probe)
        number = level_for(state, head, which, event["price"], probe)
        slot = slot_at(state, place)
        slot["size"] = event["size"]
        put_level(slot, number)
        stamp_at(state, place)["arrival"] = book["events"] & _MODULO
        tally(probe, LINES_TOUCHED, 1)
        gain(state, book_address, which, number, int64(event["size"]), int64(1), probe)

    @kernel
    def remove(engine: Record, book_address: int, which: int, place: int, probe: Record) -> None:
        state = view(engine["layout_state"], STATE)
        own = leave(state, book_address, place, view(book_address, BOOK)["events"], probe)
        erase(state, state["home"], place)
        state["live"] -= 1
        if own != which:
            requote_side(state, book_address, own, probe)

    steps = Steps(
        find=find_order,
        rests=rests,
        terms=terms,
        cancel=cancel,
        shrink=keep_place,
        relocate=relocate,
        remove=remove,
        create=create,
        empty_side=empty_one,
        place_top=place_top,
        close_side=close_side,
    )
    dispatch = build_actions(steps, tracked)

    @inlined
    def apply(engine: Record, book_address: int, event: Record, probe: Record) -> None:
        tally(probe, LINES_TOUCHED, 2)
        dispatch(engine, book_address, event, probe)

    return apply
