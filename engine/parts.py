"""Files that appear whole or not at all: written beside their place under another name, then renamed.

A part is locked by its writer, and the lock ends with the process, however that ends. So a part without a lock was left
by a killed process, and the next process that writes into the folder removes it. Some file systems that machines share
keep locks on the machine that took them: parts of other machines are removed when the folder changes a day or more
after them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType

_LONGEST = 255
"""Bytes of a file's name on most file systems, where the folder's own does not say."""
_NAME = re.compile(rb"\.(?s:.*)\.(?:(?P<machine>[0-9a-f]{8})-)?\d+(?:-\d+)?\.part")
_DAY = 86_400


class Part:
    """A file in the making that will be ``target``; a symbolic link stays one, and its target is replaced.

    ``path`` exists, empty and locked, from the beginning. ``finish`` gives it its name; leaving its context without
    that removes it. Raises OSError where the file cannot be made or renamed.
    """

    def __init__(self, target: str | Path) -> None:
        self.target = Path(os.path.realpath(target))
        if len(os.fsencode(self.target.name)) > _room(self.target.parent):
            os.lstat(self.target)  # raises the system's own error for such a name before anything is written
        sweep(self.target.parent)
        self.path, self._lock = self._made()

    def finish(self, target: Path | None = None) -> None:
        """Give the file its name, or that of another ``target`` in the same folder."""
        self.path.replace(target or self.target)
        self._release()

    def discard(self) -> None:
        """Remove the written file, unless it was finished."""
        if self._lock >= 0:
            self.path.unlink(missing_ok=True)
            self._release()

    def _made(self) -> tuple[Path, int]:
        for number in range(1000):
            path = self.target.with_name(
                shortened(".", self.target.name, f".{_machine()}-{os.getpid()}-{number}.part", self.target.parent)
            )
            with suppress(FileExistsError):
                lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
                with suppress(OSError):  # on a file system without locks, parts are never swept
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():  # else another process swept it before it was locked
                    return path, lock
                os.close(lock)
        raise FileExistsError(17, "too many unfinished files of that name", str(self.target))

    def _release(self) -> None:
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def shortened(before: str, name: str, after: str, folder: Path) -> str:
    """``before + name + after``, with ``name`` cut so that a file in ``folder`` may be called that."""
    kept = os.fsencode(name)[: _room(folder) - len(os.fsencode(before + after))]
    return before + os.fsdecode(kept) + after


def sweep(folder: Path) -> None:
    """Remove the parts in a folder whose writers are gone."""
    with suppress(OSError), os.scandir(os.fsencode(folder)) as entries:
        changed = os.stat(folder).st_mtime
        for path, name in [(entry.path, found) for entry in entries if (found := _NAME.fullmatch(entry.name))]:
            with suppress(OSError):
                # A name without a machine is from an earlier version.
                ours = name["machine"] in (None, _machine().encode())
                if ours or changed - os.lstat(path).st_mtime > _DAY:
                    _remove_abandoned(path)


@cache
def _machine() -> str:
    """Eight hex digits: the same in all processes of a machine from its start on, in containers, too."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        name = os.uname().nodename
    return hashlib.blake2b(name.encode(), digest_size=4).hexdigest()


def _remove_abandoned(path: bytes) -> None:
    # Follow no link, and do not wait for the other end of a pipe.
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if os.fstat(file).st_uid == os.geteuid():
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
    finally:
        os.close(file)


def _room(folder: Path) -> int:
    """Bytes that a file's name in a folder may have."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except OSError:
        return _LONGEST
