"""A batch's records sorted by instrument, so that consecutive records reuse the first-level cache.

Books do not see each other before the batch is over, so a result does not depend on it. A counting sort by the slot of
the instrument (``lobench.engine.shards``) keeps the feed's order within an instrument.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.layout import SHARED, record
from lobench.engine.native import Record, element, int64, memset, view
from lobench.engine.records import BATCH, MBO
from lobench.engine.shards import OWNER, OWNER_BYTES, SLOTS, TURN, TURN_BYTES, index_of, slot_of, split
from lobench.variants.p7_cache_layout.layout import PACKED

GROUPS: Final = record(("begins", "u2", (SLOTS,)), ("slot", "u2", (BATCH,)), ("turns", TURN, (BATCH,)))
"""``begins``: where each slot's records begin; ``slot`` of each record; ``turns``: the list that is made."""
GROUPS_BYTES: Final = GROUPS.itemsize
_TURNS: Final = GROUPS.fields["turns"][1]  # type: ignore[index]
_BEGINS_BYTES: Final = 2 * SLOTS
FEWEST: Final = 256
"""Records of a batch for which sorting pays."""


@kernel
def begin_slots(counts: Any) -> None:
    """Turn the number of records of each slot, an array of SLOTS integers, into the place where they begin."""
    before = int64(0)
    for slot in range(SLOTS):
        held = int64(counts[slot])
        counts[slot] = before
        before += held


@kernel
def _count(state: Record, groups: Record, address: int, stride: int, count: int) -> int:
    """Fill ``slot`` and count in ``begins``; of several workers each counts its own records, and lists them."""
    begins, slots = groups["begins"], groups["slot"]
    mine = int64(count)
    state["listed"] = 0
    if state["workers"] == 1:
        for index in range(count):
            slot = slot_of(view(address + index * stride, MBO)["instrument_id"])
            slots[index] = slot
            begins[slot] += 1
    else:
        mine = int64(0)
        owners, turns, worker = view(state["shared"], SHARED)["owners"], state["turns"], state["worker"]
        for index in range(count):
            # Branch-free: the owner of the next record is unpredictable.
            slot = slot_of(view(address + index * stride, MBO)["instrument_id"])
            own = int64(int64(view(owners + slot * OWNER_BYTES, OWNER)["worker"]) == worker)
            slots[mine] = slot
            view(element(turns, mine, BATCH, TURN_BYTES), TURN)["index"] = index
            begins[slot] += own
            mine += own
        state["listed"] = turns
    return mine


@kernel(stage="lookup")
def sorted_split(state: Record, address: int, stride: int, count: int) -> int:
    """``split``, but in the order of slots where there are books enough. A strict replay keeps the feed's order: it
    stops at the first anomaly."""
    packed = view(state["layout_state"], PACKED)
    if packed["book_count"] <= packed["grouped"] or count < FEWEST or state["strict"] != 0:
        return split(state, address, stride, count)
    groups = view(packed["groups"], GROUPS)
    begins, slots = groups["begins"], groups["slot"]
    memset(packed["groups"], np.int32(0), _BEGINS_BYTES)
    turns = _count(state, groups, address, stride, count)
    begin_slots(begins)
    ordered = packed["groups"] + _TURNS
    for turn in range(turns):
        place = int64(begins[slots[turn]])
        begins[slots[turn]] = place + 1
        view(element(ordered, place, BATCH, TURN_BYTES), TURN)["index"] = index_of(state, turn)
    state["listed"] = ordered
    return turns
