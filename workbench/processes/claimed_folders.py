"""Folders that belong to a running process: claimed by a lock that ends with the process, however that ends.

An unclaimed, incomplete folder is a killed process's; the next process removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SCRATCH = "lobench-scratch-"


def claim(folder: str | Path) -> int | None:
    """Claim a folder; closing the descriptor gives it up. None where another process has it, or it is gone, or on a
    file system without locks."""
    try:
        claimed = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(claimed, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been removed and created again before the claim.
        if os.path.samestat(os.fstat(claimed), os.stat(folder)):
            return claimed
    except OSError:
        pass
    os.close(claimed)
    return None


@contextmanager
def unclaimed(folder: str | Path) -> Iterator[bool]:
    """Hold a folder of this user's exclusively; False if another process has it."""
    claimed = claim(folder)
    try:
        yield claimed is not None and os.fstat(claimed).st_uid == os.geteuid()
    finally:
        if claimed is not None:
            os.close(claimed)


@contextmanager
def scratch_folder(where: str | Path | None = None, prefix: str = _SCRATCH) -> Iterator[str]:
    """A temporary folder, removed at the end; those of that prefix that killed processes left are removed, too."""
    place = str(where or tempfile.gettempdir())
    with suppress(OSError):
        for name in os.listdir(place):
            if name.startswith(prefix):
                with unclaimed(os.path.join(place, name)) as ours:
                    if ours:
                        shutil.rmtree(os.path.join(place, name), ignore_errors=True)
    while True:
        folder = tempfile.mkdtemp(dir=place, prefix=prefix)
        claimed = claim(folder)
        if os.path.isdir(folder):  # else it was removed before the claim
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if claimed is not None:
            os.close(claimed)
