"""Touches memory before it is measured.

A virtual machine's host may take back memory that has been free for seconds, and returns it when it is touched: 2 MiB
then cost 5 ms instead of 0.09, a cost that hits replays at random. So the memory that passes will take is touched and
freed just before them.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from lobench.engine.feeds.memory import available_memory

_PAGE = 4096
_SIZES = ("VmHWM", "VmRSS")
_MOST = 0.5
"""Share of the available memory to touch at most."""


def touch(size: int) -> int:
    """Touch ``size`` bytes of new memory, or the permitted share of the available memory, and free them; returns their
    number."""
    size = min(size, int(available_memory() * _MOST)) // _PAGE * _PAGE
    if size > 0:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE)
        np.frombuffer(memory, np.uint8)[::_PAGE] = 1
        memory.close()
    return max(size, 0)


def taken() -> int:
    """Bytes by which this process was ever larger than it is now; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    # getrusage's maximum would include the parent's before the exec.
    kib = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if name in _SIZES}
    return (kib[_SIZES[0]] - kib[_SIZES[1]]) * 1024 if len(kib) == len(_SIZES) else 0
