"""The book rules: what each record does to the orders, levels and trackers of its book (docs/semantics.md).

Built for one way to find an order (``Lookup``) and one to keep it in memory (``Memory``). Each step that changes the
book stands in the text once, so that it is inlined once: a record is first judged, then the steps it needs are taken
in order.
"""

from __future__ import annotations

from dataclasses import dataclass

from lobench.engine import anomalies as kind
from lobench.engine.compiling import inlined, kernel
from lobench.engine.counters import LOOKUPS, tally
from lobench.engine.ladder import (
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
from lobench.engine.layout import BOOK, LEVEL, ORDER, SIDE
from lobench.engine.native import Record, float64, int64, view
from lobench.engine.policy import Kernel, Lookup, Memory
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_TOB, MODIFY, UNDEF_PRICE
from lobench.engine.trackers import lose_queue, moving_average

BID_OFFSET = BOOK.fields["bid"][1]  # type: ignore[index]
SIDE_BYTES = SIDE.itemsize
assert BOOK.fields["ask"][1] == BID_OFFSET + SIDE_BYTES  # type: ignore[index]


@dataclass(frozen=True)
class BookKernels:
    """``apply(engine, book_address, event, probe)`` handles one record that ``changes_book``;
    ``clear(engine, book_address, probe)`` empties a book."""

    apply: Kernel
    clear: Kernel


@kernel
def side_at(book_address: int, which: int) -> Record:
    """A side's record; ``which`` is 0 for bids, 1 for asks."""
    return view(book_address + BID_OFFSET + which * SIDE_BYTES, SIDE)


@kernel
def side_of(code: int) -> int:
    """0 for ``B``, 1 for ``A``, -1 for any other side byte."""
    which = int64(-1)
    if code == BID:
        which = int64(0)
    elif code == ASK:
        which = int64(1)
    return which


@kernel
def changes_book(action: int) -> bool:
    """Whether records of this action may change a book: those that ``apply`` handles."""
    # No branch for each: which one it is cannot be foretold.
    return (action == ADD) | (action == CANCEL) | (action == MODIFY) | (action == CLEAR)


@kernel
def note(engine: Record, anomaly: int) -> None:
    """Count an anomaly of the event in hand."""
    engine["anomalies"][anomaly] += 1
    engine["anomaly"] = anomaly


def build_book(lookup: Lookup, memory: Memory, tracked: bool) -> BookKernels:
    """The book rules with these policies inlined; without what only features need unless ``tracked``."""
    find, insert, move, erase = lookup.find, lookup.insert, lookup.move, lookup.erase
    new_order, free_order, new_level, free_level = (
        memory.new_order,
        memory.free_order,
        memory.new_level,
        memory.free_level,
    )

    @kernel
    def level_for(engine: Record, side: Record, which: int, price: int, probe: Record) -> int:
        """Address of the level at a price, made if there is none."""
        key = key_of(price, which)
        index = search(side, key)
        address = int64(0)
        if index < side["count"] and rung_at(side, index)["key"] == key:
            address = rung_at(side, index)["level"]
        else:
            address = new_level(engine, probe)
            start_level(address, price, which)
            open_rung(side, index, key, address)
        return address

    @kernel
    def drop_level_if_empty(engine: Record, side: Record, address: int) -> None:
        level = view(address, LEVEL)
        if level["size"] == 0:
            close_rung(side, search(side, key_of(level["price"], level["side"])))
            free_level(engine, address)

    @kernel
    def empty_side(engine: Record, book: Record, side: Record, probe: Record) -> None:
        for index in range(side["count"]):
            address = rung_at(side, index)["level"]
            resting = view(address, LEVEL)["next"]
            while resting != address:
                order = view(resting, ORDER)
                following = order["next"]
                erase(book, order["order_id"], probe)
                free_order(engine, resting)
                resting = following
            free_level(engine, address)
        side["count"] = 0
        side["reset"] = 1

    @kernel
    def clear(engine: Record, book_address: int, probe: Record) -> None:
        book = view(book_address, BOOK)
        for which in range(2):
            empty_side(engine, book, side_at(book_address, which), probe)

    @kernel
    def replace_side(engine: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        """A top-of-book record: the side becomes one level that belongs to no order, or empty."""
        price = event["price"]
        size = int64(event["size"])
        if price != UNDEF_PRICE and size == 0:
            note(engine, kind.ZERO_SIZE)
        else:
            book = view(book_address, BOOK)
            side = side_at(book_address, which)
            empty_side(engine, book, side, probe)
            if price != UNDEF_PRICE:
                view(level_for(engine, side, which, price, probe), LEVEL)["size"] = size
                if tracked:
                    book["trackers"]["window"]["adds"] += 1
                    book["trackers"]["window"]["added_size"] += size

    @inlined
    def change_orders(engine: Record, book_address: int, event: Record, probe: Record) -> None:
        """An A without F_TOB, an M or a C whose side, price and size passed the checks."""
        book = view(book_address, BOOK)
        window = book["trackers"]["window"]
        action = event["action"]
        which = side_of(event["side"])
        price = event["price"]
        size = int64(event["size"])
        order_id = int64(event["order_id"])

        tally(probe, LOOKUPS, 1)
        resting = find(book, order_id, probe)
        remove, create, relocate = False, False, False
        taken = int64(0)
        if action == CANCEL:
            if resting == 0:
                note(engine, kind.CANCEL_UNKNOWN_ORDER)
            else:
                order = view(resting, ORDER)
                level = view(order["level"], LEVEL)
                if level["price"] != price or level["side"] != which:
                    note(engine, kind.CANCEL_MISMATCH)
                if size > order["size"]:
                    note(engine, kind.CANCEL_OVERSIZE)
                taken = min(size, order["size"])
                if tracked:
                    window["cancelled_size"] += taken
                if taken == order["size"]:
                    remove = True
                    if tracked:
                        lifetime = float64(book["events"] - order["birth"])
                        book["trackers"]["lifetime"] = moving_average(book["trackers"]["lifetime"], lifetime)
        elif action == ADD:
            if tracked:
                window["adds"] += 1
                window["added_size"] += size
            create = True
            if resting != 0:
                note(engine, kind.ADD_EXISTING_ORDER)
                remove = True
        else:
            if tracked:
                window["modifies"] += 1
            if resting == 0:
                note(engine, kind.MODIFY_UNKNOWN_ORDER)
                create = True
            else:
                order = view(resting, ORDER)
                level = view(order["level"], LEVEL)
                if level["side"] != which:
                    remove, create = True, True
                elif level["price"] != price or size > order["size"]:
                    relocate = True
                else:
                    taken = order["size"] - size

        if resting != 0:
            order = view(resting, ORDER)
            left = order["level"]
            level = view(left, LEVEL)
            side = side_at(book_address, level["side"])
            if remove or relocate:
                if tracked:
                    lose_queue(side, level, order, order["size"])
                leave_queue(resting)
                drop_level_if_empty(engine, side, left)
                if remove:
                    erase(book, order_id, probe)
                    free_order(engine, resting)
            elif taken != 0:
                if tracked:
                    lose_queue(side, level, order, taken)
                order["size"] -= taken
                level["size"] -= taken

        if create or relocate:
            if create:
                resting = new_order(engine, probe)
                view(resting, ORDER)["order_id"] = order_id
                if tracked:
                    view(resting, ORDER)["birth"] = book["events"]
            order = view(resting, ORDER)
            order["size"] = size
            if tracked:
                order["arrival"] = book["events"]
            joined = level_for(engine, side_at(book_address, which), which, price, probe)
            join_queue(joined, resting)
            if create:
                insert(book, resting, probe)
            else:
                move(book, resting, probe)

    @inlined
    def apply(engine: Record, book_address: int, event: Record, probe: Record) -> None:
        action = event["action"]
        if action != CLEAR:
            which = side_of(event["side"])
            top = action == ADD and (event["flags"] & F_TOB) != 0
            if action != CANCEL and which < 0:
                note(engine, kind.INVALID_SIDE)
            elif top:
                replace_side(engine, book_address, which, event, probe)
            elif action != CANCEL and event["price"] == UNDEF_PRICE:
                note(engine, kind.UNDEFINED_PRICE)
            elif action != CANCEL and event["size"] == 0:
                note(engine, kind.ZERO_SIZE)
            else:
                change_orders(engine, book_address, event, probe)
        else:
            clear(engine, book_address, probe)
        for which in range(2):
            side = side_at(book_address, which)
            side["best"] = level_from_best(side, 0)

    return BookKernels(apply, clear)
