"""Memory that begins on a cache line; large pieces on large pages where the system has them."""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.native import INTEGER, free, int64, madvise, malloc, memset, mmap, munmap, view

LINE_BYTES = 64
"""A cache line."""
LARGE = 1 << 21
"""A large page. From this size on memory comes from the system: zeroed, and given back at once when it is freed."""
_READ_WRITE, _PRIVATE_ANONYMOUS, _HUGE_PAGES = np.int32(3), np.int32(0x22), np.int32(14)
_UNCOUNTED = np.int32(0x4022)
"""Private and anonymous, too; the system counts the memory when it is touched, and refuses none of it before."""


@kernel
def _whole_pages(size: int) -> int:
    return (size + LINE_BYTES + LARGE - 1) & ~int64(LARGE - 1)


@kernel
def aligned_alloc(size: int) -> int:
    """Address of ``size`` zeroed bytes; the line before them holds (address, length) of the allocation."""
    return growable_alloc(size, size)


@kernel
def growable_alloc(size: int, wished: int) -> int:
    """``aligned_alloc``, with addresses behind it up to ``wished`` bytes where the system gives them: zeroed, and no
    memory before they are touched. ``length_of`` says how many bytes there are."""
    length = int64(0)
    if size >= LARGE:
        got = int64(-1)
        if wished > size:
            length = _whole_pages(wished)
            got = mmap(0, length + LARGE, _READ_WRITE, _UNCOUNTED, np.int32(-1), 0)
        if got == -1:
            length = _whole_pages(size)
            got = mmap(0, length + LARGE, _READ_WRITE, _PRIVATE_ANONYMOUS, np.int32(-1), 0)
        if got == -1:
            raise MemoryError("no memory for orders and levels")
        # Only whole large pages: to get a small page costs as much as to get a large one.
        start = (got + LARGE - 1) & ~int64(LARGE - 1)
        if start > got:
            munmap(got, start - got)
        if got + LARGE > start:
            munmap(start + length, got + LARGE - start)
        madvise(start, length, _HUGE_PAGES)
        address = start + LINE_BYTES
    else:
        start = malloc(size + 2 * LINE_BYTES)
        address = (start + 2 * LINE_BYTES - 1) & ~int64(LINE_BYTES - 1)
        memset(address, np.int32(0), size)
    view(address - 16, INTEGER)["value"] = start
    view(address - 8, INTEGER)["value"] = length
    return address


@kernel
def length_of(address: int) -> int:
    """Bytes of an allocation of at least ``LARGE`` bytes; 0 for a smaller one, which has the requested size."""
    length = view(address - 8, INTEGER)["value"]
    return length - LINE_BYTES if length != 0 else int64(0)


@kernel
def aligned_free(address: int) -> None:
    """Free the result of ``aligned_alloc``; 0 is nothing."""
    if address != 0:
        start = view(address - 16, INTEGER)["value"]
        length = view(address - 8, INTEGER)["value"]
        if length != 0:
            munmap(start, length)
        else:
            free(start)
