"""Phase 1: records are read in place, in the mapped file or the decompressor's buffer. Nothing is copied, nothing
allocated.

A record stays valid until the feed is asked for its next chunk, which is after the loop has handled this one.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.native import Record
from lobench.engine.policy import Events
from lobench.variants import p0_baseline


@kernel
def load(engine: Record, address: int, stride: int, count: int, probe: Record) -> None:
    pass


@kernel
def at(engine: Record, address: int, stride: int, index: int) -> int:
    return address + index * stride


@kernel
def release(engine: Record, event_address: int) -> None:
    pass


ZERO_COPY = Events("zero_copy", load, at, release)

VARIANT = p0_baseline.VARIANT.derive("records are read in place", events=ZERO_COPY)
