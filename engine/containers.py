"""Growable containers on the C heap: lists of addresses, and a hash table from a 64-bit key to a non-zero value.

The table is open addressing with linear probing, kept at most 3/8 full, so that a search looks at fewer than two
slots on average (Knuth, The Art of Computer Programming, vol. 3, 6.4: (1 + 1/(1-a)^2)/2 for a miss); deletion shifts
the following entries back and leaves no tombstones. Keys are scattered by multiplication with 2^64 / golden ratio.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.counters import tally
from lobench.engine.layout import SLOT
from lobench.engine.native import INTEGER, Record, element, free, int64, realloc, uint64, view, zeroed

SLOT_BYTES = SLOT.itemsize
FIRST_BITS = 6
FIRST_SLOTS = 1 << FIRST_BITS
_GOLDEN = uint64(0x9E3779B97F4A7C15)


@kernel
def append(items: Record, value: int) -> None:
    """Put ``value`` at the end of a ``LIST`` record, growing it by doubling."""
    if items["count"] == items["capacity"]:
        items["capacity"] = max(int64(64), items["capacity"] * 2)
        items["items"] = realloc(items["items"], items["capacity"] * 8)
    view(element(items["items"], items["count"], items["capacity"], 8), INTEGER)["value"] = value
    items["count"] += 1


@kernel
def item(items: Record, index: int) -> int:
    """Value at ``index`` of a ``LIST`` record."""
    return view(element(items["items"], index, items["count"], 8), INTEGER)["value"]


@kernel
def slot_at(table: Record, index: int) -> Record:
    """The slot record at ``index`` of a ``TABLE`` record."""
    return view(element(table["slots"], index, table["mask"] + 1, SLOT_BYTES), SLOT)


@kernel
def table_size(table: Record) -> int:
    """Number of slots, 0 before the first insertion."""
    return table["mask"] + 1 if table["mask"] != 0 else int64(0)


@kernel
def home(table: Record, key: int) -> int:
    """Index of the slot where a search for ``key`` starts."""
    return int64((uint64(key) * _GOLDEN) >> uint64(table["shift"]))


@kernel
def table_find(table: Record, key: int, counter: int, probe: Record) -> int:
    """Index of the slot that holds ``key``, -1 if none; looks counted under ``counter``."""
    found = int64(-1)
    if table["mask"] != 0:
        index = home(table, key)
        looks = int64(1)
        while True:
            slot = slot_at(table, index)
            if slot["value"] == 0:
                break
            if slot["key"] == key:
                found = index
                table["found"] = index
                break
            index = (index + 1) & table["mask"]
            looks += 1
        tally(probe, counter, looks)
    return found


@kernel
def table_get(table: Record, key: int, counter: int, probe: Record) -> int:
    """The value of ``key``, 0 if it is not there."""
    index = table_find(table, key, counter, probe)
    value = int64(0)
    if index >= 0:
        value = slot_at(table, index)["value"]
    return value


@kernel
def _place(table: Record, key: int, value: int) -> int:
    index = home(table, key)
    looks = int64(1)
    while slot_at(table, index)["value"] != 0:
        index = (index + 1) & table["mask"]
        looks += 1
    slot = slot_at(table, index)
    slot["key"] = key
    slot["value"] = value
    return looks


@kernel
def table_insert(table: Record, key: int, value: int, counter: int, probe: Record) -> None:
    """Add a key that is not in the table."""
    size = table_size(table)
    if table["count"] * 8 >= size * 3:
        old = table["slots"]
        grown = size * 2 if size != 0 else int64(FIRST_SLOTS)
        table["slots"] = zeroed(grown * SLOT_BYTES)
        table["shift"] = table["shift"] - 1 if size != 0 else int64(64 - FIRST_BITS)
        table["mask"] = grown - 1
        table["found"] = 0
        for index in range(size):
            slot = view(old + index * SLOT_BYTES, SLOT)
            if slot["value"] != 0:
                _place(table, slot["key"], slot["value"])
        free(old)
    tally(probe, counter, _place(table, key, value))
    table["count"] += 1


@kernel
def table_erase(table: Record, key: int, counter: int, probe: Record) -> None:
    """Remove a key that is in the table; no search is needed for the one that was found last."""
    hole = table["found"]
    if slot_at(table, hole)["key"] != key or slot_at(table, hole)["value"] == 0:
        hole = table_find(table, key, counter, probe)
    index = hole
    looks = int64(0)
    while True:
        index = (index + 1) & table["mask"]
        looks += 1
        slot = slot_at(table, index)
        if slot["value"] == 0:
            break
        # An entry may move back into the hole unless its search starts after the hole.
        start = home(table, slot["key"])
        if ((index - start) & table["mask"]) >= ((index - hole) & table["mask"]):
            target = slot_at(table, hole)
            target["key"] = slot["key"]
            target["value"] = slot["value"]
            hole = index
    slot_at(table, hole)["value"] = 0
    table["count"] -= 1
    tally(probe, counter, looks)


@kernel
def table_release(table: Record) -> None:
    """Free the table's memory and leave it empty."""
    free(table["slots"])
    table["slots"] = 0
    table["mask"] = 0
    table["shift"] = 0
    table["count"] = 0
    table["found"] = 0
