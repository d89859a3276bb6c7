"""How much memory this process may still take."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Bytes: the kernel's figure, or the rest of the container's or the process's own limit if that is less."""
    left = [int(psutil.virtual_memory().available)]
    # "max", for no limit, is not an integer.
    with suppress(OSError, ValueError):
        left.append(
            int((_CGROUP / "memory.max").read_text(encoding="utf-8"))
            - int((_CGROUP / "memory.current").read_text(encoding="utf-8"))
        )
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        left.append(limit - psutil.Process().memory_info().vms)
    return max(0, min(left))
