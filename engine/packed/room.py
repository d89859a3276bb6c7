"""Memory that begins on a cache line; large pieces on large pages where the system has them."""

from __future__ import annotations

import numpy as np

from engine.native import INTEGER, free, int64, kernel, madvise, malloc, memset, mmap, munmap, view
from engine.packed.layout import LINE_BYTES

LARGE = 1 << 21
"""From here on memory comes from the system: new, zeroed, and given back at once when it is freed."""
PAGE = 4096
_READ_WRITE, _PRIVATE_ANONYMOUS, _HUGE_PAGES = np.int32(3), np.int32(0x22), np.int32(14)


@kernel
def new_room(size: int) -> int:
    """Address of ``size`` zeroed bytes; in the line before them stand (address, length) of what was allocated."""
    length = int64(0)
    if size >= LARGE:
        length = (size + LINE_BYTES + PAGE - 1) & ~int64(PAGE - 1)
        start = mmap(0, length, _READ_WRITE, _PRIVATE_ANONYMOUS, np.int32(-1), 0)
        if start == -1:
            raise MemoryError("no memory for the order table")
        madvise(start, length, _HUGE_PAGES)
        room = start + LINE_BYTES
    else:
        start = malloc(size + 2 * LINE_BYTES)
        room = (start + 2 * LINE_BYTES - 1) & ~int64(LINE_BYTES - 1)
        memset(room, np.int32(0), size)
    view(room - 16, INTEGER)["value"] = start
    view(room - 8, INTEGER)["value"] = length
    return room


@kernel
def free_room(room: int) -> None:
    """Give back what ``new_room`` gave; 0 is nothing."""
    if room != 0:
        start = view(room - 16, INTEGER)["value"]
        length = view(room - 8, INTEGER)["value"]
        if length != 0:
            munmap(start, length)
        else:
            free(start)
