"""A folder that only the user can write to, because loading a kernel runs its content.

Its own mode is 700. No folder above it may allow another user to rename or replace entries: each belongs to the user or
to root, and only those with the sticky bit are open to all. If there is no such folder, a temporary one serves this
process and its children, and is removed at the end.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from lobench.engine import cache

_NAME = "kernels"
_TEMPORARY = "lobench-kernels-"


class UnsafeError(OSError):
    """A folder that others could write to."""


_chosen: dict[str, Path | None] = {}
_said: set[str] = set()


def kernel_folder() -> Path | None:
    """Where kernels are kept; None if there is no room for them anywhere. Says so, once, if it is a temporary one."""
    wanted = os.environ.get(cache.VARIABLE) or ""
    if wanted not in _chosen:
        try:
            _chosen[wanted] = private(cache.base_folder() / _NAME)
        except OSError as problem:
            _chosen[wanted] = found = _temporary(problem)
            # Child processes share it, and check it like any other folder.
            if found is not None:
                os.environ[cache.VARIABLE] = str(found.parent)
                _chosen[str(found.parent)] = found
    return _chosen[wanted]


def say(text: str) -> None:
    """One line to the user; the same one no more than once."""
    if text not in _said:
        _said.add(text)
        with contextlib.suppress(OSError, ValueError):
            print(f"lobench: {text}", file=sys.stderr)


def private(folder: Path) -> Path:
    """``folder``, made if need be, its mode 700. Raises OSError if that can not be, UnsafeError if others could write
    to it or to a folder above."""
    folder = Path(os.path.abspath(folder))
    base = folder.parent
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
    _tighten(base, stat.S_IWGRP | stat.S_IWOTH)
    _tighten(folder, stat.S_IRWXG | stat.S_IRWXO)
    for place in (*reversed(folder.parents), folder):
        _check_link(place)
    real = Path(os.path.realpath(folder))
    for place in real.parents:
        _check_above(place, strict=place == real.parent)
    status = real.stat()
    if status.st_uid != os.geteuid():
        raise UnsafeError(f"{real} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise UnsafeError(f"{real} is open to other users")
    if not os.access(real, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(f"{real} is read-only")
    return real


def _tighten(folder: Path, bits: int) -> None:
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & bits and status.st_uid == os.geteuid() and not mode & stat.S_ISVTX:
        folder.chmod(mode & ~bits)


def _check_link(place: Path) -> None:
    status = place.lstat()
    if stat.S_ISLNK(status.st_mode) and status.st_uid not in (0, os.geteuid()):
        raise UnsafeError(f"{place} is another user's link")


def _check_above(place: Path, *, strict: bool) -> None:
    status = place.stat()
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeError(f"{place} belongs to another user")
    open_to = stat.S_IWOTH | (stat.S_IWGRP if strict else 0)
    if status.st_mode & open_to and not status.st_mode & stat.S_ISVTX:
        raise UnsafeError(f"other users can write to {place}")


def _temporary(problem: OSError) -> Path | None:
    reason = problem.strerror or str(problem)
    place = f" ({problem.filename})" if problem.strerror and problem.filename else ""
    try:
        _sweep(Path(tempfile.gettempdir()))
        base = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}-"))
        folder = private(base / _NAME)
    except OSError:
        say(f"kernels are not cached but compiled in each process: {reason}{place}; set {cache.VARIABLE}")
        return None
    atexit.register(_remove, base, os.getpid())
    say(f"kernels are cached for this command only: {reason}{place}; set {cache.VARIABLE} to a folder of your own")
    return folder


def _remove(base: Path, owner: int) -> None:
    # A forked child may end first.
    if os.getpid() == owner:
        shutil.rmtree(base, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove temporary folders of our processes that were killed."""
    for folder in parent.glob(f"{_TEMPORARY}*"):
        number = folder.name.removeprefix(_TEMPORARY).partition("-")[0]
        try:
            if number.isdigit() and folder.lstat().st_uid == os.geteuid() and not Path(f"/proc/{number}").exists():
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
