"""Records of many batches copied book by book, where books do not fit in the cache: a book that comes into it stays for
all its records among them.

Nothing may observe the ends of batches meanwhile. Copies are read in order and each lies in one cache line, while the
records themselves would be read from all over their memory: that costs what longer runs gain (``batch_sort`` lists
the records of one batch, which fit in the cache).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lobench.engine.aligned_alloc import LINE_BYTES, aligned_alloc
from lobench.engine.compiling import kernel
from lobench.engine.layout import SHARED, record
from lobench.engine.native import Record, int64, memcpy, memset, prefetch, view
from lobench.engine.records import BATCH, MBO
from lobench.engine.shards import OWNER, OWNER_BYTES, SLOTS, slot_of
from lobench.variants.p7_cache_layout.batch_sort import begin_slots
from lobench.variants.p7_cache_layout.layout import PACKED

OWN: Final = record(("slot", "u4"), ("index", "u4"))
"""One of this worker's records: the slot of its instrument, and which record it is."""
OWN_BYTES: Final = OWN.itemsize
MBO_BYTES: Final = MBO.itemsize
BEGINS: Final = record(("begins", "u4", (SLOTS,)))
"""Where the copies of each slot's records begin."""
BEGINS_BYTES: Final = BEGINS.itemsize
SOON: Final = 16
"""Distance, in records, for the line that a record is copied to."""


@kernel
def longest(state: Record, count: int) -> int:
    """How many of the next ``count`` records are handled in one go; for a batch or less a sort of their own does not
    pay. A strict replay keeps the feed's order: it stops at the first anomaly."""
    packed = view(state["layout_state"], PACKED)
    many = (packed["cold"] != 0) & (packed["book_count"] > packed["grouped"]) & (count > BATCH)
    return packed["together"] if many & (state["strict"] == 0) else int64(BATCH)


@kernel
def open_copies(packed: Record) -> None:
    """Memory for copies: a line for each, a list of this worker's records, and the places of the slots."""
    if packed["copies"] == 0:
        packed["copies"] = aligned_alloc(packed["together"] * (LINE_BYTES + OWN_BYTES) + BEGINS_BYTES)


@kernel
def list_own(state: Record, begins: Record, own: int, address: int, stride: int, count: int) -> int:
    """List this worker's records at ``own``, and count those of each slot; returns how many there are."""
    counts = begins["begins"]
    owners, worker, several = view(state["shared"], SHARED)["owners"], state["worker"], state["workers"] != 1
    mine = int64(0)
    for index in range(count):
        slot = slot_of(view(address + index * stride, MBO)["instrument_id"])
        entry = view(own + mine * OWN_BYTES, OWN)
        entry["slot"] = slot
        entry["index"] = index
        # Branch-free: the owner of the next record is unpredictable.
        taken = int64(1)
        if several:
            taken = int64(int64(view(owners + slot * OWNER_BYTES, OWNER)["worker"]) == worker)
        counts[slot] += taken
        mine += taken
    return mine


@kernel(stage="lookup")
def take_copies(state: Record, address: int, stride: int, count: int) -> tuple[int, int]:
    """Copies of this worker's records, in the order of slots and within a slot in the feed's: their address, and how
    many there are."""
    packed = view(state["layout_state"], PACKED)
    open_copies(packed)
    copies = packed["copies"]
    own = copies + packed["together"] * LINE_BYTES
    begins_address = own + packed["together"] * OWN_BYTES
    memset(begins_address, np.int32(0), BEGINS_BYTES)
    begins = view(begins_address, BEGINS)
    mine = list_own(state, begins, own, address, stride, count)
    places = begins["begins"]
    begin_slots(places)
    for turn in range(mine):
        # A guess, on which nothing but time depends; behind the list it reads what was there before.
        soon = int64(view(own + (turn + SOON) * OWN_BYTES, OWN)["slot"]) & (SLOTS - 1)
        prefetch(copies + int64(places[soon]) * LINE_BYTES)
        entry = view(own + turn * OWN_BYTES, OWN)
        place = int64(places[entry["slot"]])
        places[entry["slot"]] = place + 1
        memcpy(copies + place * LINE_BYTES, address + int64(entry["index"]) * stride, MBO_BYTES)
    state["listed"] = 0
    return copies, mine
