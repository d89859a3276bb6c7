"""The rules depending on a book's state that the records of a feed reach: a layout that counts, around the general one.

It computes the same as the layout inside it. Before and after each record that may change a book it examines the book
and counts the situations that the record met. Used by one replay of a feed, never by a measured variant.
"""

from __future__ import annotations

from typing import Final

from lobench.engine.actions import side_of
from lobench.engine.book import side_at
from lobench.engine.compiling import inlined, kernel
from lobench.engine.layout import BOOK, INSTRUMENT, LEVEL, ORDER, integers, record
from lobench.engine.native import Record, free, int64, view, zeroed
from lobench.engine.policy import Kernel, Layout, LayoutKernels, Lookup, Memory
from lobench.engine.records import ADD, CANCEL, CLEAR, F_TOB, MODIFY, UNDEF_PRICE
from lobench.engine.reference.general import GENERAL

COUNTED: Final = {
    "modify_smaller": "M of the same price and side with a smaller size",
    "modify_same": "M that changes nothing",
    "modify_larger": "M of the same price and side with a larger size",
    "modify_price": "M to another price",
    "modify_side": "M to the other side",
    "cancel_part": "C of a part of an order",
    "cancel_whole": "C of a whole order",
    "cancel_nothing": "C of size 0",
    "cancel_behind": "C of an order that is not the first of its queue",
    "long_queue": "a queue of more than 64 orders",
    "deep_side": "a side of more than 5 levels",
    "crossed_book": "a best bid above the best ask",
    "locked_book": "a best bid equal to the best ask",
    "emptied_by_cancel": "a side whose last order is cancelled",
    "emptied_by_clear": "R of a book that holds orders",
    "top_of_book": "A with F_TOB that replaces a side",
    "top_of_book_over_orders": "A with F_TOB on a side that holds several levels",
    "top_of_book_empties": "A with F_TOB and an undefined price",
    "evaluated_empty_side": "an evaluation while a side is empty",
    "shared_best": "two books of an instrument that stand at its best price together",
}
"""Rule to its condition; in the order of ``COUNTS``' fields."""

COUNTS: Final = record(*integers(*COUNTED))
COUNTS_BYTES: Final = COUNTS.itemsize
LONG_QUEUE: Final = 64
DEEP: Final = 5


@kernel
def counts_of(state: Record) -> Record:
    """The worker's counts; the word that a memory policy without state leaves alone holds their address."""
    if state["memory_state"] == 0:
        state["memory_state"] = zeroed(COUNTS_BYTES)
    return view(state["memory_state"], COUNTS)


@kernel
def at_best(instrument: Record, which: int, price: int) -> int:
    """How many of an instrument's books have this best price."""
    found = int64(0)
    address = instrument["books"]
    while address != 0:
        best = side_at(address, which)["best"]
        if best != 0:
            found += int64(view(best, LEVEL)["price"] == price)
        address = view(address, BOOK)["next_of_instrument"]
    return found


@kernel
def look_after(state: Record, book_address: int, event: Record, counts: Record) -> None:
    """Count the rules visible in a book after a record."""
    bid, ask = side_at(book_address, 0), side_at(book_address, 1)
    if bid["count"] != 0 and ask["count"] != 0:
        best_bid, best_ask = view(bid["best"], LEVEL)["price"], view(ask["best"], LEVEL)["price"]
        counts["crossed_book"] += int64(best_bid > best_ask)
        counts["locked_book"] += int64(best_bid == best_ask)
    elif (int64(event["flags"]) & state["flag_mask"]) == state["flag_value"]:
        counts["evaluated_empty_side"] += 1
    counts["deep_side"] += int64(max(bid["count"], ask["count"]) > DEEP)
    instrument = view(view(book_address, BOOK)["instrument"], INSTRUMENT)
    for which in range(2):
        best = side_at(book_address, which)["best"]
        if best != 0:
            counts["shared_best"] += int64(at_best(instrument, which, view(best, LEVEL)["price"]) > 1)


def build_counting(lookup: Lookup, memory: Memory, tracked: bool, mids: bool | None) -> LayoutKernels:
    """The general layout's functions, around which the rules are counted."""
    within = GENERAL.build(lookup, memory, tracked, mids)
    find, apply_within, destroy_within = lookup.find, within.apply, within.destroy
    look_before, look_at_queue = _order_looks(find)

    @inlined
    def apply(state: Record, book_address: int, event: Record, probe: Record) -> None:
        counts = counts_of(state)
        action, side_code = event["action"], side_of(event["side"])
        levels = [side_at(book_address, 0)["count"], side_at(book_address, 1)["count"]]
        orders = view(book_address, BOOK)["orders"]["count"]
        top = action == ADD and (event["flags"] & F_TOB) != 0
        if action == CLEAR:
            counts["emptied_by_clear"] += int64(orders != 0)
        elif top:
            if side_code >= 0 and event["price"] == UNDEF_PRICE:
                counts["top_of_book_empties"] += int64(levels[side_code] != 0)
            elif side_code >= 0 and event["size"] != 0:
                counts["top_of_book"] += 1
                counts["top_of_book_over_orders"] += int64(levels[side_code] > 1)
        else:
            look_before(book_address, event, counts)
        apply_within(state, book_address, event, probe)
        if action == CANCEL:
            for which in range(2):
                emptied = levels[which] != 0 and side_at(book_address, which)["count"] == 0
                counts["emptied_by_cancel"] += int64(emptied)
        elif action != CLEAR and not top:
            look_at_queue(book_address, event, counts)
        look_after(state, book_address, event, counts)

    @kernel
    def destroy(state: Record) -> None:
        free(state["memory_state"])
        state["memory_state"] = 0
        destroy_within(state)

    kernels = {**vars(within), "apply": apply, "destroy": destroy}
    return LayoutKernels(**kernels)


def _order_looks(find: Kernel) -> tuple[Kernel, Kernel]:
    """Functions that inspect the order of a record: the effect of a C or an M on it, and its queue afterwards."""

    @kernel
    def look_before(book_address: int, event: Record, counts: Record) -> None:
        book = view(book_address, BOOK)
        resting = find(book, int64(event["order_id"]), None)
        if resting != 0:
            order = view(resting, ORDER)
            level = view(order["level"], LEVEL)
            size = int64(event["size"])
            action = event["action"]
            if action == CANCEL:
                counts["cancel_nothing"] += int64(size == 0)
                counts["cancel_part"] += int64(0 < size < order["size"])
                counts["cancel_whole"] += int64(size >= order["size"])
                counts["cancel_behind"] += int64(size != 0 and level["next"] != resting)
            elif action == MODIFY:
                side_code = side_of(event["side"])
                if side_code >= 0 and event["price"] != UNDEF_PRICE and size != 0:
                    if side_code != level["side"]:
                        counts["modify_side"] += 1
                    elif event["price"] != level["price"]:
                        counts["modify_price"] += 1
                    else:
                        counts["modify_smaller"] += int64(size < order["size"])
                        counts["modify_same"] += int64(size == order["size"])
                        counts["modify_larger"] += int64(size > order["size"])

    @kernel
    def look_at_queue(book_address: int, event: Record, counts: Record) -> None:
        resting = find(view(book_address, BOOK), int64(event["order_id"]), None)
        if resting != 0:
            counts["long_queue"] += int64(view(view(resting, ORDER)["level"], LEVEL)["count"] > LONG_QUEUE)

    return look_before, look_at_queue


COUNTING = Layout(name="counting", build=build_counting)
