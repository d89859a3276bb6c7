"""The book rules for books in general-purpose records: the effect of each step on orders, levels and trackers.

Built for one way to find an order (``Lookup``) and one to keep it in memory (``Memory``).
"""

from __future__ import annotations

from dataclasses import dataclass

from lobench.engine.actions import Steps, build_actions, cancelled_size, note_lifetime
from lobench.engine.compiling import inlined, kernel
from lobench.engine.layout import BOOK, LEVEL, ORDER, SIDE
from lobench.engine.native import Record, int64, view
from lobench.engine.policy import Kernel, Lookup, Memory
from lobench.engine.price_ladder import (
    close_rung,
    join_queue,
    key_of,
    leave_queue,
    level_from_best,
    open_rung,
    rung_at,
    search,
    start_level,
)
from lobench.engine.trackers import lose_queue

BID_OFFSET = BOOK.fields["bid"][1]  # type: ignore[index]
SIDE_BYTES = SIDE.itemsize
assert BOOK.fields["ask"][1] == BID_OFFSET + SIDE_BYTES  # type: ignore[index]


@dataclass(frozen=True)
class BookKernels:
    """``apply(state, book_address, event, probe)`` handles one record that ``changes_book``;
    ``clear(state, book_address, probe)`` empties a book."""

    apply: Kernel
    clear: Kernel


@kernel
def side_at(book_address: int, which: int) -> Record:
    """A side's record; ``which`` is 0 for bids, 1 for asks."""
    return view(book_address + BID_OFFSET + which * SIDE_BYTES, SIDE)


@kernel
def rests(place: int) -> bool:
    return place != 0


@kernel
def terms(state: Record, place: int) -> tuple[int, int, int]:
    order = view(place, ORDER)
    level = view(order["level"], LEVEL)
    return level["side"], level["price"], order["size"]


def build_book(lookup: Lookup, memory: Memory, tracked: bool) -> BookKernels:
    """The book rules with these policies inlined; without the parts that only features need unless ``tracked``."""
    find_in, insert, move, erase = lookup.find, lookup.insert, lookup.move, lookup.erase
    new_order, free_order, new_level, free_level = (
        memory.new_order,
        memory.free_order,
        memory.new_level,
        memory.free_level,
    )

    @kernel
    def level_for(state: Record, side: Record, which: int, price: int, probe: Record) -> int:
        """Address of the level at a price, created if necessary."""
        key = key_of(price, which)
        index = search(side, key)
        address = int64(0)
        if index < side["count"] and rung_at(side, index)["key"] == key:
            address = rung_at(side, index)["level"]
        else:
            address = new_level(state, probe)
            start_level(address, price, which)
            open_rung(side, index, key, address)
        return address

    @kernel
    def drop_level_if_empty(state: Record, side: Record, address: int) -> None:
        level = view(address, LEVEL)
        if level["size"] == 0:
            close_rung(side, search(side, key_of(level["price"], level["side"])))
            free_level(state, address)

    @kernel
    def find(state: Record, book_address: int, order_id: int, probe: Record) -> int:
        return find_in(view(book_address, BOOK), order_id, probe)

    @kernel
    def empty_side(state: Record, book_address: int, which: int, probe: Record) -> None:
        book, side = view(book_address, BOOK), side_at(book_address, which)
        for index in range(side["count"]):
            address = rung_at(side, index)["level"]
            resting = view(address, LEVEL)["next"]
            while resting != address:
                order = view(resting, ORDER)
                following = order["next"]
                erase(book, order["order_id"], probe)
                free_order(state, resting)
                resting = following
            free_level(state, address)
        side["count"] = 0
        side["reset"] = 1

    @kernel
    def clear(state: Record, book_address: int, probe: Record) -> None:
        for which in range(2):
            empty_side(state, book_address, which, probe)

    @kernel
    def place_top(state: Record, book_address: int, which: int, price: int, size: int, probe: Record) -> None:
        view(level_for(state, side_at(book_address, which), which, price, probe), LEVEL)["size"] = size

    @kernel
    def leave(state: Record, book_address: int, place: int) -> None:
        """An order goes from its level."""
        order = view(place, ORDER)
        left = order["level"]
        level = view(left, LEVEL)
        side = side_at(book_address, level["side"])
        if tracked:
            lose_queue(side, level, order, order["size"])
        leave_queue(place)
        drop_level_if_empty(state, side, left)

    @kernel
    def lose_part(book_address: int, place: int, taken: int) -> None:
        """An order loses some of its size, and keeps its place."""
        order = view(place, ORDER)
        level = view(order["level"], LEVEL)
        if tracked:
            lose_queue(side_at(book_address, level["side"]), level, order, taken)
        order["size"] -= taken
        level["size"] -= taken

    @kernel
    def take_out(state: Record, book_address: int, place: int, probe: Record) -> None:
        order_id = view(place, ORDER)["order_id"]
        leave(state, book_address, place)
        erase(view(book_address, BOOK), order_id, probe)
        free_order(state, place)

    @inlined
    def cancel(state: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        book = view(book_address, BOOK)
        order = view(place, ORDER)
        level = view(order["level"], LEVEL)
        own, price, size = level["side"], level["price"], order["size"]
        taken = cancelled_size(state, event, which, own, price, size, book["trackers"]["window"], tracked)
        if taken == size:
            if tracked:
                note_lifetime(book, book["events"] - order["birth"])
            take_out(state, book_address, place, probe)
        elif taken != 0:
            lose_part(book_address, place, taken)

    @kernel
    def shrink(state: Record, book_address: int, place: int, size: int, probe: Record) -> None:
        taken = view(place, ORDER)["size"] - size
        if taken != 0:
            lose_part(book_address, place, taken)

    @kernel
    def remove(state: Record, book_address: int, which: int, place: int, probe: Record) -> None:
        take_out(state, book_address, place, probe)

    @kernel
    def join(state: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        """An order joins the tail at the event's price, with its size."""
        order = view(place, ORDER)
        order["size"] = int64(event["size"])
        if tracked:
            order["arrival"] = view(book_address, BOOK)["events"]
        joined = level_for(state, side_at(book_address, which), which, event["price"], probe)
        join_queue(joined, place)

    @kernel
    def relocate(state: Record, book_address: int, which: int, place: int, event: Record, probe: Record) -> None:
        leave(state, book_address, place)
        join(state, book_address, which, place, event, probe)
        move(view(book_address, BOOK), place, probe)

    @inlined
    def create(state: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        book = view(book_address, BOOK)
        place = new_order(state, probe)
        view(place, ORDER)["order_id"] = int64(event["order_id"])
        if tracked:
            view(place, ORDER)["birth"] = book["events"]
        join(state, book_address, which, place, event, probe)
        insert(book, place, probe)

    steps = Steps(
        find=find,
        rests=rests,
        terms=terms,
        cancel=cancel,
        shrink=shrink,
        relocate=relocate,
        remove=remove,
        create=create,
        empty_side=empty_side,
        place_top=place_top,
    )
    dispatch = build_actions(steps, tracked)

    @inlined
    def apply(state: Record, book_address: int, event: Record, probe: Record) -> None:
        dispatch(state, book_address, event, probe)
        for which in range(2):
            side = side_at(book_address, which)
            side["best"] = level_from_best(side, 0)

    return BookKernels(apply, clear)
