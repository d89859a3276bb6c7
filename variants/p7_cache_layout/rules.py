"""The book rules for packed books: the steps of ``lobench.engine.actions``, with less state to maintain than linked
records.

An order's stamps are the book's event numbers modulo 2^32; the present event's number restores the full value.
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
from lobench.variants.p7_cache_layout.bbo import head_of, requote
from lobench.variants.p7_cache_layout.layout import PACKED
from lobench.variants.p7_cache_layout.levels import best_of
from lobench.variants.p7_cache_layout.orders import erase, find, insert, level_of, put_level, slot_at, stamp_at
from lobench.variants.p7_cache_layout.pool import level_at
from lobench.variants.p7_cache_layout.sides import empty_side, grow, level_for, shrink
from lobench.variants.p7_cache_layout.top_levels import follow_level

_MODULO = 0xFFFFFFFF


@kernel
def age(events: int, stamp: int) -> int:
    """Events of the book since a stamp was written."""
    return (events - int64(stamp)) & _MODULO


@kernel(stage="features")
def follow_best(packed: Record, book_address: int, which: int, number: int) -> None:
    """The hypothetical order of a side joins again if the best price is new; ``number``: of its best level."""
    side = side_at(book_address, which)
    position = side["position"]
    if number == 0:
        position["valid"] = 0
    else:
        level = level_at(packed, number)
        # Masks, because whether the best price is new is unpredictable, and conditional expressions may compile to
        # branches.
        fresh = (position["valid"] == 0) | (level["price"] != position["price"]) | (side["reset"] != 0)
        old = int64(fresh) - 1
        joined, ahead = view(book_address, BOOK)["events"], level["size"]
        position["valid"] = 1
        position["price"] = level["price"]
        position["joined"] = joined ^ ((joined ^ position["joined"]) & old)
        position["ahead"] = ahead ^ ((ahead ^ position["ahead"]) & old)
    side["reset"] = 0


@kernel
def rests(place: int) -> bool:
    return place >= 0


@kernel
def find_order(state: Record, book_address: int, order_id: int, probe: Record) -> int:
    packed = view(state["layout_state"], PACKED)
    return find(packed, packed["home"], uint64(order_id), head_of(book_address)["number"], probe)


@kernel
def terms(state: Record, place: int) -> tuple[int, int, int]:
    packed = view(state["layout_state"], PACKED)
    slot = slot_at(packed, place)
    level = level_at(packed, level_of(slot))
    return int64(level["owner"]) & 1, level["price"], int64(slot["size"])


def build_rules(tracked: bool, quoted: bool) -> Callable[..., Any]:
    """``apply(state, book_address, event, probe)``; without the parts that only features need unless ``tracked``, and
    without the BBO of instruments unless ``quoted``."""

    @kernel(stage="features")
    def lose_queue(book_address: int, which: int, price: int, events: int, arrival: int, amount: int) -> None:
        """A resting order loses ``amount``: the hypothetical order moves up if it is behind it."""
        position = side_at(book_address, which)["position"]
        # Branch-free: whether an order is ahead is unpredictable.
        ahead = (price == position["price"]) & (events - age(events, arrival) <= position["joined"])
        position["ahead"] -= amount & -int64(ahead)

    @kernel
    def requote_side(packed: Record, book_address: int, which: int, probe: Record) -> None:
        """The last step of an event that changed a side: whether the hypothetical order joins again, and the side of
        the BBO."""
        head = head_of(book_address)
        if tracked:
            follow_best(packed, book_address, which, best_of(head, which))
        if quoted:
            requote(packed, head, which, probe)

    @kernel
    def gain(packed: Record, book_address: int, which: int, number: int, size: int, orders: int, probe: Record) -> None:
        """A level gets size and orders."""
        if tracked:
            level = level_at(packed, number)
            follow_level(book_address, which, level["price"], size, level["size"] == 0)
        grow(packed, head_of(book_address), which, number, size, orders, probe)

    @kernel
    def lose(packed: Record, book_address: int, which: int, number: int, size: int, orders: int, probe: Record) -> None:
        """A level loses size and orders, and closes when none is left."""
        if tracked:
            level = level_at(packed, number)
            follow_level(book_address, which, level["price"], -size, level["size"] == size)
        shrink(packed, head_of(book_address), which, number, size, orders, probe)

    @kernel
    def lose_part(book_address: int, which: int, level: Record, size: int) -> None:
        """A level loses some of its size, and no order."""
        if tracked:
            follow_level(book_address, which, level["price"], -size, False)
        level["size"] -= size

    @kernel
    def empty_one(state: Record, book_address: int, which: int, probe: Record) -> None:
        packed = view(state["layout_state"], PACKED)
        empty_side(packed, head_of(book_address), which)
        if tracked:
            side_at(book_address, which)["reset"] = 1
            side_at(book_address, which)["stale"] = 1

    @kernel
    def place_top(state: Record, book_address: int, which: int, price: int, size: int, probe: Record) -> None:
        packed, head = view(state["layout_state"], PACKED), head_of(book_address)
        gain(packed, book_address, which, level_for(packed, head, which, price, probe), size, int64(0), probe)

    @kernel
    def close_side(state: Record, book_address: int, which: int, probe: Record) -> None:
        requote_side(view(state["layout_state"], PACKED), book_address, which, probe)

    @kernel
    def leave(packed: Record, book_address: int, place: int, events: int, probe: Record) -> int:
        """An order goes from its level; returns the level's side."""
        slot = slot_at(packed, place)
        number = level_of(slot)
        level = level_at(packed, number)
        own = int64(level["owner"]) & 1
        size = int64(slot["size"])
        if tracked:
            lose_queue(book_address, own, level["price"], events, stamp_at(packed, place)["arrival"], size)
        lose(packed, book_address, own, number, size, int64(1), probe)
        return own

    @inlined
    def cancel(state: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        packed, book = view(state["layout_state"], PACKED), view(book_address, BOOK)
        slot = slot_at(packed, place)
        number = level_of(slot)
        level = level_at(packed, number)
        own = int64(level["owner"]) & 1
        resting = int64(slot["size"])
        window = book["trackers"]["window"]
        taken = cancelled_size(state, event, which, own, level["price"], resting, window, tracked)
        if tracked:
            stamp = stamp_at(packed, place)
            lose_queue(book_address, own, level["price"], book["events"], stamp["arrival"], taken)
            tally(probe, LINES_TOUCHED, 1)
        if taken == resting:
            if tracked:
                note_lifetime(book, age(book["events"], stamp_at(packed, place)["birth"]))
            erase(packed, packed["home"], place)
            packed["live"] -= 1
            lose(packed, book_address, own, number, taken, int64(1), probe)
        else:
            slot["size"] = resting - taken
            lose_part(book_address, own, level, taken)
        requote_side(packed, book_address, own, probe)

    @inlined
    def create(state: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        packed, book, head = view(state["layout_state"], PACKED), view(book_address, BOOK), head_of(book_address)
        size = int64(event["size"])
        number = level_for(packed, head, which, event["price"], probe)
        place = insert(packed, packed["home"], event["order_id"], size, number, probe)
        stamp = stamp_at(packed, place)
        stamp["birth"] = book["events"] & _MODULO
        stamp["arrival"] = book["events"] & _MODULO
        tally(probe, LINES_TOUCHED, 1)
        packed["live"] += 1
        gain(packed, book_address, which, number, size, int64(1), probe)

    @kernel
    def keep_place(state: Record, book_address: int, place: int, size: int, probe: Record) -> None:
        packed = view(state["layout_state"], PACKED)
        slot = slot_at(packed, place)
        level = level_at(packed, level_of(slot))
        taken = int64(slot["size"]) - size
        if tracked and taken != 0:
            events = view(book_address, BOOK)["events"]
            own = int64(level["owner"]) & 1
            lose_queue(book_address, own, level["price"], events, stamp_at(packed, place)["arrival"], taken)
        slot["size"] = size
        lose_part(book_address, int64(level["owner"]) & 1, level, taken)

    @kernel
    def relocate(state: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        """The order keeps its slot."""
        packed, book, head = view(state["layout_state"], PACKED), view(book_address, BOOK), head_of(book_address)
        leave(packed, book_address, place, book["events"], probe)
        number = level_for(packed, head, which, event["price"], probe)
        slot = slot_at(packed, place)
        slot["size"] = event["size"]
        put_level(slot, number)
        stamp_at(packed, place)["arrival"] = book["events"] & _MODULO
        tally(probe, LINES_TOUCHED, 1)
        gain(packed, book_address, which, number, int64(event["size"]), int64(1), probe)

    @kernel
    def remove(state: Record, book_address: int, which: int, place: int, probe: Record) -> None:
        packed = view(state["layout_state"], PACKED)
        own = leave(packed, book_address, place, view(book_address, BOOK)["events"], probe)
        erase(packed, packed["home"], place)
        packed["live"] -= 1
        if own != which:
            requote_side(packed, book_address, own, probe)

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
    def apply(state: Record, book_address: int, event: Record, probe: Record) -> None:
        tally(probe, LINES_TOUCHED, 2)
        dispatch(state, book_address, event, probe)

    return apply
