"""One writer at a time: a file that a process locks while it changes the files beside it.

The kernel gives it back when its process ends, however it ends, so nothing is ever left locked. Children do not
inherit it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lobench.engine.errors import UsageError


class TakenError(UsageError):
    """Another process holds it."""


@contextmanager
def locked(file: Path, remedy: str, *, wait: bool = False) -> Iterator[None]:
    """Lock a file, which is created with its folders if missing; ``wait`` until it is free.

    Raises TakenError if another process holds it, UsageError if it cannot be held; both end with ``remedy``.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}; {remedy}") from error
    try:
        _take(handle, file, remedy, wait)
        yield
    finally:
        os.close(handle)


def _take(handle: int, file: Path, remedy: str, wait: bool) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        # For people: the process to wait for.
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError as error:
        holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
        who = f"process {holder}" if holder.isdigit() else "another process"
        raise TakenError(f"{file.parent}: {who} is recording there; wait for it to finish; {remedy}") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be locked: {error.strerror}; {remedy}") from error
