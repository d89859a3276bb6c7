"""The book rules for packed books (docs/semantics.md): the same as ``lobench.engine.book``'s, with less to keep right.

An order's stamps are the book's event numbers modulo 2^32; what they say is restored from the present event's number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lobench.engine import anomalies as kind
from lobench.engine.book import note, side_at, side_of
from lobench.engine.compiling import inlined, kernel
from lobench.engine.counters import LINES_TOUCHED, LOOKUPS, tally
from lobench.engine.layout import BOOK
from lobench.engine.native import Record, float64, int64, view
from lobench.engine.records import ADD, CANCEL, CLEAR, F_TOB, MODIFY, UNDEF_PRICE
from lobench.engine.trackers import moving_average
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


@kernel
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


def build_rules(tracked: bool) -> Callable[..., Any]:
    """``apply(engine, book_address, event, probe)``; without what only features need unless ``tracked``."""

    @kernel
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
    def empty(state: Record, book_address: int, which: int, probe: Record) -> None:
        empty_side(state, head_of(book_address), which)
        if tracked:
            side_at(book_address, which)["reset"] = 1
            side_at(book_address, which)["stale"] = 1

    @kernel
    def replace_side(engine: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        """A top-of-book record: the side becomes one level that belongs to no order, or empty."""
        state, head = view(engine["layout_state"], STATE), head_of(book_address)
        price = event["price"]
        size = int64(event["size"])
        if price != UNDEF_PRICE and size == 0:
            note(engine, kind.ZERO_SIZE)
        else:
            empty(state, book_address, which, probe)
            if price != UNDEF_PRICE:
                gain(state, book_address, which, level_for(state, head, which, price, probe), size, int64(0), probe)
                if tracked:
                    window = view(book_address, BOOK)["trackers"]["window"]
                    window["adds"] += 1
                    window["added_size"] += size
            requote_side(state, book_address, which, probe)

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
    def cancel(
        engine: Record, book_address: int, which: int, place: int, home: int, event: Record, probe: Record
    ) -> None:
        state, book = view(engine["layout_state"], STATE), view(book_address, BOOK)
        slot = slot_at(state, place)
        number = level_of(slot)
        level = level_at(state, number)
        own = int64(level["owner"]) & 1
        size = int64(event["size"])
        resting = int64(slot["size"])
        if level["price"] != event["price"] or own != which:
            note(engine, kind.CANCEL_MISMATCH)
        if size > resting:
            note(engine, kind.CANCEL_OVERSIZE)
        taken = min(size, resting)
        if tracked:
            window = book["trackers"]["window"]
            window["cancelled_size"] += taken
            stamp = stamp_at(state, place)
            lose_queue(book_address, own, level["price"], book["events"], stamp["arrival"], taken)
            tally(probe, LINES_TOUCHED, 1)
        if taken == resting:
            if tracked:
                lifetime = float64(age(book["events"], stamp_at(state, place)["birth"]))
                book["trackers"]["lifetime"] = moving_average(book["trackers"]["lifetime"], lifetime)
            erase(state, home, place)
            state["live"] -= 1
            lose(state, book_address, own, number, taken, int64(1), probe)
        else:
            slot["size"] = resting - taken
            lose_part(book_address, own, level, taken)
        requote_side(state, book_address, own, probe)

    @inlined
    def create(state: Record, book_address: int, which: int, home: int, event: Record, probe: Record) -> None:
        """A new order joins the tail at the event's price."""
        book, head = view(book_address, BOOK), head_of(book_address)
        size = int64(event["size"])
        number = level_for(state, head, which, event["price"], probe)
        place = insert(state, home, event["order_id"], size, number, probe)
        stamp = stamp_at(state, place)
        stamp["birth"] = book["events"] & _MODULO
        stamp["arrival"] = book["events"] & _MODULO
        tally(probe, LINES_TOUCHED, 1)
        state["live"] += 1
        gain(state, book_address, which, number, size, int64(1), probe)

    @kernel
    def keep_place(state: Record, book_address: int, place: int, size: int, probe: Record) -> None:
        """M to a size that is no larger, at the same price."""
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
    def relocate(state: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        """M to another price, or to a larger size: the order keeps its slot and joins the tail there."""
        book, head = view(book_address, BOOK), head_of(book_address)
        leave(state, book_address, place, book["events"], probe)
        number = level_for(state, head, which, event["price"], probe)
        slot = slot_at(state, place)
        slot["size"] = event["size"]
        put_level(slot, number)
        stamp_at(state, place)["arrival"] = book["events"] & _MODULO
        tally(probe, LINES_TOUCHED, 1)
        gain(state, book_address, which, number, int64(event["size"]), int64(1), probe)

    @kernel
    def remove(state: Record, book_address: int, which: int, place: int, home: int, probe: Record) -> None:
        """An order goes to make way for one of the same id."""
        own = leave(state, book_address, place, view(book_address, BOOK)["events"], probe)
        erase(state, home, place)
        state["live"] -= 1
        if own != which:
            requote_side(state, book_address, own, probe)

    @inlined
    def change_orders(engine: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        """An A without F_TOB, an M or a C whose side, price and size passed the checks."""
        state, book, head = view(engine["layout_state"], STATE), view(book_address, BOOK), head_of(book_address)
        action = event["action"]
        home = state["home"]
        place = find(state, home, event["order_id"], head["number"], probe)
        tally(probe, LOOKUPS, 1)
        if action == CANCEL:
            if place < 0:
                note(engine, kind.CANCEL_UNKNOWN_ORDER)
            else:
                cancel(engine, book_address, which, place, home, event, probe)
        else:
            fresh = place < 0
            if tracked:
                window = book["trackers"]["window"]
                if action == ADD:
                    window["adds"] += 1
                    window["added_size"] += int64(event["size"])
                else:
                    window["modifies"] += 1
            if place >= 0:
                slot = slot_at(state, place)
                level = level_at(state, level_of(slot))
                if action == ADD:
                    note(engine, kind.ADD_EXISTING_ORDER)
                    fresh = True
                elif int64(level["owner"]) & 1 != which:
                    fresh = True
                elif level["price"] == event["price"] and int64(event["size"]) <= int64(slot["size"]):
                    keep_place(state, book_address, place, int64(event["size"]), probe)
                else:
                    relocate(state, book_address, which, place, event, probe)
                if fresh:
                    remove(state, book_address, which, place, home, probe)
            elif action == MODIFY:
                note(engine, kind.MODIFY_UNKNOWN_ORDER)
            if fresh:
                create(state, book_address, which, home, event, probe)
            requote_side(state, book_address, which, probe)

    @inlined
    def apply(engine: Record, book_address: int, event: Record, probe: Record) -> None:
        action = event["action"]
        tally(probe, LINES_TOUCHED, 2)
        if action != CLEAR:
            which = side_of(event["side"])
            if action != CANCEL and which < 0:
                note(engine, kind.INVALID_SIDE)
            elif action == ADD and (event["flags"] & F_TOB) != 0:
                replace_side(engine, book_address, which, event, probe)
            elif action != CANCEL and event["price"] == UNDEF_PRICE:
                note(engine, kind.UNDEFINED_PRICE)
            elif action != CANCEL and event["size"] == 0:
                note(engine, kind.ZERO_SIZE)
            else:
                change_orders(engine, book_address, which, event, probe)
        else:
            state = view(engine["layout_state"], STATE)
            for which in range(2):
                empty(state, book_address, which, probe)
                requote_side(state, book_address, which, probe)

    return apply
