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
def load(state: Record, address: int, stride: int, count: int, probe: Record) -> None:
    pass


@kernel
def at(state: Record, address: int, stride: int, index: int) -> int:
    return address + index * stride


@kernel
def release(state: Record, event_address: int) -> None:
    pass


ZERO_COPY = Events(name="zero_copy", load=load, at=at, release=release)

VARIANT = p0_baseline.VARIANT.derive("records are read in place", events=ZERO_COPY)
