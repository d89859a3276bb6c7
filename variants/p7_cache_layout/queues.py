"""Queues, sorted on demand: for digests.

Orders are not linked. The orders of a level and their sequence follow from each order's level and arrival: one pass
over the table groups the orders by level, then each level's orders are sorted.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.digest import fold
from lobench.engine.layout import BOOK
from lobench.engine.native import BYTE, INTEGER, Record, address_of, element, free, int64, malloc, uint64, view, zeroed
from lobench.variants.p7_cache_layout.bbo import head_of
from lobench.variants.p7_cache_layout.growth import book_address
from lobench.variants.p7_cache_layout.layout import PACKED, SLOTS
from lobench.variants.p7_cache_layout.level_iteration import level_behind, levels_of
from lobench.variants.p7_cache_layout.levels import best_of
from lobench.variants.p7_cache_layout.orders import level_of, slot_at, stamp_at
from lobench.variants.p7_cache_layout.pool import level_at
from lobench.variants.p7_cache_layout.rules import age

_MODULO = 0xFFFFFFFF


@kernel
def entry(first: int, index: int, count: int) -> Record:
    return view(element(first, index, count, 8), INTEGER)


@kernel
def sift(keys: int, root: int, count: int) -> None:
    """Restore a heap of ``count`` integers whose root may be too small."""
    value = entry(keys, root, count)["value"]
    while 2 * root + 1 < count:
        child = 2 * root + 1
        if child + 1 < count and entry(keys, child + 1, count)["value"] > entry(keys, child, count)["value"]:
            child += 1
        if entry(keys, child, count)["value"] <= value:
            break
        entry(keys, root, count)["value"] = entry(keys, child, count)["value"]
        root = child
    entry(keys, root, count)["value"] = value


SHORT = 24


@kernel
def sort(keys: int, count: int) -> None:
    """Sort integers at an address: short runs by insertion, long ones by heapsort."""
    if count <= SHORT:
        for index in range(1, count):
            value = entry(keys, index, count)["value"]
            place = index
            while place > 0 and entry(keys, place - 1, count)["value"] > value:
                entry(keys, place, count)["value"] = entry(keys, place - 1, count)["value"]
                place -= 1
            entry(keys, place, count)["value"] = value
    else:
        for index in range(count // 2):
            sift(keys, count // 2 - 1 - index, count)
        for index in range(count - 1):
            last = count - 1 - index
            largest = entry(keys, 0, count)["value"]
            entry(keys, 0, count)["value"] = entry(keys, last, count)["value"]
            entry(keys, last, count)["value"] = largest
            sift(keys, int64(0), last)


@kernel
def forget(packed: Record) -> None:
    """Free the result of ``arrange``."""
    free(packed["first"])
    free(packed["order"])
    packed["first"] = 0
    packed["order"] = 0


@kernel
def arrange_queues(packed: Record, dirty: bool) -> None:
    """Order the queues of all books, or of those that are dirty.

    ``packed["first"]``: by level number, where its queue begins in ``packed["order"]``: integers of (2^32 - 1 - age)
    and the slot, the front of the queue first.
    """
    forget(packed)
    levels = packed["level_count"]
    wanted = zeroed(packed["book_count"])
    for number in range(1, packed["book_count"]):
        if not dirty or view(book_address(packed, number), BOOK)["dirty"] != 0:
            view(wanted + number, BYTE)["value"] = 1
    first = malloc(8 * levels)
    total = int64(0)
    for number in range(levels):
        level = level_at(packed, number)
        book = int64(level["owner"]) >> 1
        entry(first, number, levels)["value"] = -1
        # Dead orders have a book number beyond all books.
        if book != 0 and book < packed["book_count"] and view(wanted + book, BYTE)["value"] != 0:
            entry(first, number, levels)["value"] = total
            total += int64(level["count"])
    free(wanted)
    order = malloc(8 * (total + 1))
    for place in range(packed["lines"] * SLOTS):
        slot = slot_at(packed, place)
        number = level_of(slot)
        if number != 0 and entry(first, number, levels)["value"] >= 0:
            begin = entry(first, number, levels)["value"]
            book = int64(level_at(packed, number)["owner"]) >> 1
            events = view(book_address(packed, book), BOOK)["events"]
            key = ((_MODULO - age(events, stamp_at(packed, place)["arrival"])) << 32) | place
            entry(order, begin, total)["value"] = key
            # While queues are filled, each begin moves to its queue's end.
            entry(first, number, levels)["value"] = begin + 1
    for number in range(levels):
        end = entry(first, number, levels)["value"]
        if end >= 0:
            count = int64(level_at(packed, number)["count"])
            entry(first, number, levels)["value"] = end - count
            sort(order + 8 * (end - count), count)
    packed["first"] = first
    packed["order"] = order


@kernel
def arrange(state: Record, dirty: bool) -> None:
    if state["layout_state"] != 0:
        arrange_queues(view(state["layout_state"], PACKED), dirty)


@kernel
def side_value(value: int, packed: Record, head: Record, which: int) -> int:
    """Every level and every order of a side folded into ``value``, uint64."""
    value = fold(value, levels_of(head, which))
    number = best_of(head, which)
    while number != 0:
        level = level_at(packed, number)
        value = fold(value, level["price"])
        value = fold(value, level["size"])
        value = fold(value, int64(level["count"]))
        begin = entry(packed["first"], number, packed["level_count"])["value"]
        for index in range(int64(level["count"])):
            place = view(packed["order"] + 8 * (begin + index), INTEGER)["value"] & _MODULO
            slot = slot_at(packed, place)
            value = fold(value, slot["order_id"])
            value = fold(value, int64(slot["size"]))
        number = level_behind(packed, head, which, number)
    return value


@kernel
def book_value(book: Record) -> int:
    """Digest of a book's state as last arranged, uint64."""
    head = head_of(address_of(book))
    packed = view(head["packed"], PACKED)
    return side_value(side_value(uint64(0), packed, head, 0), packed, head, 1)
