"""Blocks of memory that live as long as a replay, close together: on large pages once there are many.

A large page needs one entry of the processor's table of addresses (TLB) for what 512 small pages hold; thousands of
books with their windows and accounts take more entries than it has.
"""

from __future__ import annotations

from typing import Final

from lobench.engine.aligned_alloc import LARGE, LINE_BYTES, aligned_alloc, aligned_free, length_of
from lobench.engine.compiling import kernel
from lobench.engine.layout import integers, record
from lobench.engine.native import INTEGER, Record, int64, view

ARENA: Final = record(*integers("chunks", "next", "end"))
"""``chunks``: head of the list of chunks, the first word of each is the next; blocks come from ``next`` to ``end``."""
FIRST_BYTES: Final = 65_536
"""The first chunk: a few books need no large page."""
CHUNK_BYTES: Final = LARGE
"""Each further chunk, at least; the system gives memory for those of its pages that are touched."""


@kernel
def new_chunk(arena: Record, size: int) -> None:
    """Blocks come from another chunk, with room for ``size`` bytes."""
    least = int64(FIRST_BYTES) if arena["chunks"] == 0 else int64(CHUNK_BYTES)
    wanted = max(least, size) + LINE_BYTES
    chunk = aligned_alloc(wanted)
    view(chunk, INTEGER)["value"] = arena["chunks"]
    arena["chunks"] = chunk
    arena["next"] = chunk + LINE_BYTES
    arena["end"] = chunk + max(wanted, length_of(chunk))


@kernel
def take(arena: Record, size: int) -> int:
    """Address of ``size`` zeroed bytes on cache lines of their own."""
    room = (size + LINE_BYTES - 1) & ~int64(LINE_BYTES - 1)
    if arena["next"] + room > arena["end"]:
        new_chunk(arena, room)
    block = arena["next"]
    arena["next"] += room
    return block


@kernel
def release(arena: Record) -> None:
    """Free all blocks."""
    chunk = arena["chunks"]
    while chunk != 0:
        following = view(chunk, INTEGER)["value"]
        aligned_free(chunk)
        chunk = following
    arena["chunks"] = 0
    arena["next"] = 0
    arena["end"] = 0
