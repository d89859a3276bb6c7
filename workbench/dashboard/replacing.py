"""Replacing a folder whole: made beside it, then exchanged with it in one step, so that half a folder is never visible.

Leftovers of a killed process are swept by the next one. Each process holds its folder locked while it works; the kernel
releases the lock however the process ends.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.workbench.processes.interrupts import held

_AT_FDCWD, _EXCHANGE = -100, 2
"""Of Linux's renameat2."""


@contextmanager
def replacing(target: Path, remedy: str) -> Iterator[Path]:
    """A path that does not exist yet, where a folder is made that becomes ``target`` at the end; after an error or an
    interrupt ``target`` is as it was. ``target`` must be no link.

    Raises UsageError, which ends with ``remedy``, where it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        room, handle = _room(target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}; {remedy}") from error
    try:
        made = room / "new"
        yield made
        with held():
            try:
                _exchange(made, target)
            except OSError as error:
                raise UsageError(f"{target}: cannot be replaced: {error.strerror}; {remedy}") from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(handle)


def _prefix(target: Path) -> str:
    # Names may have 255 bytes.
    return f".{os.fsdecode(os.fsencode(target.name)[:200])}.lobench-"


def _room(target: Path) -> tuple[Path, int]:
    """A new folder beside the target, and its lock."""
    while True:
        room = target.with_name(_prefix(target) + secrets.token_hex(4))
        room.mkdir()
        handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if room.exists():
                return room, handle
        # Another process swept it between the two steps.
        os.close(handle)


def _sweep(target: Path) -> None:
    """Remove the leftovers of dead processes beside the target."""
    for room in target.parent.iterdir():
        if not room.name.startswith(_prefix(target)) or room.is_symlink() or not room.is_dir():
            continue
        with suppress(OSError):
            handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(room, ignore_errors=True)
            finally:
                os.close(handle)


def _exchange(made: Path, target: Path) -> None:
    """Put a folder in another's place, which goes where it was made."""
    if not target.exists():
        made.rename(target)
        return
    shutil.copymode(target, made)
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        names = (_AT_FDCWD, os.fsencode(made), _AT_FDCWD, os.fsencode(target), _EXCHANGE)
        if libc.renameat2(*names) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(code, os.strerror(code))
    # This file system cannot exchange two names: for a moment neither site is there.
    old = made.with_name("old")
    target.rename(old)
    try:
        made.rename(target)
    except OSError:
        old.rename(target)
        raise
