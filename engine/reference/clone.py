"""Reading events by cloning: each record is copied into a freshly allocated object and pushed on the batch.

The batch is a growable list of owned objects, up to the next batch boundary; an object is freed once it has been
handled. Simple and safe: nothing that the feed does to its buffers can reach an event.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.containers import append, item
from lobench.engine.counters import EVENT_BYTES_COPIED, EVENT_OBJECTS_ALLOCATED, tally
from lobench.engine.native import Record, free, int64, malloc, memcpy, view
from lobench.engine.policy import Events
from lobench.engine.records import MBO
from lobench.engine.shards import is_mine

MBO_BYTES = MBO.itemsize


@kernel
def load(state: Record, address: int, stride: int, count: int, probe: Record) -> None:
    batch = state["batch"]
    batch["count"] = 0
    for index in range(count):
        source = address + index * stride
        clone = int64(0)
        if is_mine(state, int64(view(source, MBO)["instrument_id"])):
            clone = malloc(MBO_BYTES)
            memcpy(clone, source, MBO_BYTES)
            tally(probe, EVENT_OBJECTS_ALLOCATED, 1)
            tally(probe, EVENT_BYTES_COPIED, MBO_BYTES)
        append(batch, clone)


@kernel
def at(state: Record, address: int, stride: int, index: int) -> int:
    return item(state["batch"], index)


@kernel
def release(state: Record, event_address: int) -> None:
    free(event_address)


CLONE = Events(name="clone", load=load, at=at, release=release)
