"""The assignment of instruments to workers: by activity in the first records, so that workers finish at the same time.

Instruments fall into ``SLOTS`` slots by a hash of their ids, and a slot belongs to a worker: a lookup in 8 KB. The
results of a replay do not depend on it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import kernel
from lobench.engine.layout import SHARED, record
from lobench.engine.native import Record, element, int64, uint64, view
from lobench.engine.records import BATCH, MBO

_BITS: Final = 12
SLOTS: Final = 1 << _BITS
OWNER: Final = record(("worker", "u2"))
OWNER_BYTES: Final = OWNER.itemsize
TURN: Final = record(("index", "u2"))
TURN_BYTES: Final = TURN.itemsize
MOST_WORKERS: Final = 1 << 16
_MULTIPLIER: Final = 0x9E3779B97F4A7C15
_GOLDEN = uint64(_MULTIPLIER)
_SHIFT = uint64(64 - _BITS)


def slots_of(instrument_ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The slots of instruments, as ``slot_of`` says, int64 of the same shape."""
    slots = (instrument_ids.astype(np.uint64) * np.uint64(_MULTIPLIER)) >> np.uint64(64 - _BITS)
    return slots.astype(np.int64)


def share_out(instrument_ids: npt.NDArray[np.uint32], workers: int) -> npt.NDArray[np.void]:
    """Owners of all slots, ``OWNER`` records of shape (SLOTS,): the busiest slot first, each to the worker that has
    least to do so far. ``instrument_ids`` are those of the first records."""
    activity = np.bincount(slots_of(instrument_ids), minlength=SLOTS)
    owners = np.zeros(SLOTS, OWNER)
    owners["worker"] = np.arange(SLOTS) % workers
    load = np.zeros(workers, np.int64)
    for slot in np.argsort(-activity, kind="stable")[: np.count_nonzero(activity)]:
        worker = int(np.argmin(load))
        owners["worker"][slot] = worker
        load[worker] += activity[slot]
    return owners


@kernel
def slot_of(instrument_id: int) -> int:
    """An instrument's slot, 0 to ``SLOTS`` - 1."""
    return int64((uint64(instrument_id) * _GOLDEN) >> _SHIFT)


@kernel
def shard_of(state: Record, instrument_id: int) -> int:
    """The worker of an instrument."""
    owners = view(state["shared"], SHARED)["owners"]
    return int64(view(owners + slot_of(instrument_id) * OWNER_BYTES, OWNER)["worker"])


@kernel
def is_mine(state: Record, instrument_id: int) -> bool:
    """Whether this worker handles the instrument."""
    return state["workers"] == 1 or shard_of(state, instrument_id) == state["worker"]


@kernel
def split(state: Record, address: int, stride: int, count: int) -> int:
    """List which of a batch's records are this worker's, in the feed's order; returns how many."""
    mine = count
    state["listed"] = 0
    if state["workers"] != 1:
        mine = int64(0)
        state["listed"] = state["turns"]
        for index in range(count):
            # Branch-free: the owner of the next record is unpredictable.
            view(element(state["turns"], mine, BATCH, TURN_BYTES), TURN)["index"] = index
            event = view(address + index * stride, MBO)
            mine += int64(shard_of(state, int64(event["instrument_id"])) == state["worker"])
    return mine


@kernel
def index_of(state: Record, turn: int) -> int:
    """The batch's index of this worker's record number ``turn``."""
    index = int64(turn)
    if state["listed"] != 0:
        index = int64(view(element(state["listed"], turn, BATCH, TURN_BYTES), TURN)["index"])
    return index
