"""Resource limits: too little memory or too few open files are reported in one line, without a traceback.

``check_limits`` refuses limits that are known to be too low before numpy and Numba are loaded, because with them the
libraries end the process. ``exhausted`` explains later failures.
"""

from __future__ import annotations

import errno
import os
import resource

from lobench.engine.errors import LobenchError

LEAST_ADDRESS_SPACE = 440 * 2**20
"""Bytes: numpy, Numba and LLVM take nearly as many before the first record is read."""

LEAST_FILES = 10
"""Open files: standard streams, a feed, a kernel, a worker's pipes."""

_MEMORY = (
    "out of memory",
    "cannot allocate",
    "failed to map segment",
    "can't start new thread",
    "bad_alloc",
    "memoryerror",
)
_LLVM = "libllvmlite"
_LOST = ("without exception set", "without setting an exception")
"""In a SystemError: something failed, and there was no memory for the MemoryError."""


def check_limits() -> None:
    """Raise LobenchError if the process lacks the resources that every command needs."""
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    if memory != resource.RLIM_INFINITY and memory < LEAST_ADDRESS_SPACE:
        least = LEAST_ADDRESS_SPACE // 1024
        raise LobenchError(f"memory is limited to {memory // 1024} KiB: raise it (ulimit -v {least} is the least)")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < LEAST_FILES:
        raise LobenchError(f"open files are limited to {files}: raise it (ulimit -n {LEAST_FILES} is the least)")


def exhausted(error: BaseException) -> str | None:
    """The exhausted resource and its remedy, if an error or one of its causes reports one; None for other errors."""
    seen: BaseException | None = error
    while seen is not None:
        number = seen.errno if isinstance(seen, OSError) else None
        text = str(seen).lower()
        if number in (errno.EMFILE, errno.ENFILE) or os.strerror(errno.EMFILE).lower() in text:
            files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            return f"too many open files: they are limited to {files} (ulimit -n)"
        if isinstance(seen, MemoryError) or number == errno.ENOMEM or tells_of_memory(text):
            return f"{out_of_memory()}; use a shorter feed (n=…) or one worker"
        # llvmlite does not say why the library failed to load.
        lost = isinstance(seen, SystemError) and any(words in text for words in _LOST)
        if (_LLVM in text or lost) and memory_is_limited():
            return f"{out_of_memory()}; use a shorter feed (n=…) or one worker"
        seen = seen.__cause__ or seen.__context__
    return None


def memory_is_limited() -> bool:
    """Whether the address space of this process, and of those that it starts, has a limit."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def tells_of_memory(text: str) -> bool:
    """Whether a message reports it."""
    return any(words in text.lower() for words in _MEMORY)


def out_of_memory(who: str = "") -> str:
    """A sentence without its end."""
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    limited = f", which is limited to {memory // 1024} KiB (ulimit -v)" if memory_is_limited() else ""
    return f"{who} ran out of memory{limited}" if who else f"out of memory{limited}"
