"""Kernels in a folder: one file for each key, named by its digest.

A file begins with a digest of the rest: the length of the key, the key, the kernel. It is written whole under another
name and renamed, so that two processes may compile the same kernel at once, and half a file is never read. Any file
without an exact match is a miss.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

_MAGIC = b"lobench kernel 1\n"
_DIGEST = 32
_ENDING = ".kernel"
_PART = ".part"

MOST_BYTES = 2 << 30
MOST_DAYS = 60
"""Cache limits; beyond them, the longest unused go. Age counts from a kernel's last use to the latest of any."""
_DAY = 86_400


def path_of(folder: Path, key: str) -> Path:
    return folder / f"{blake2b(_bytes(key), digest_size=20).hexdigest()}{_ENDING}"


def read(folder: Path, key: str) -> bytes | None:
    """The kernel cached under ``key``; None unless there is a complete one that belongs to the user."""
    try:
        place = os.open(path_of(folder, key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(place, "rb") as file:
            status = os.fstat(place)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            content = file.read()
            with contextlib.suppress(OSError):
                os.utime(place)
    except (OSError, MemoryError):
        return None
    return _checked(content, _bytes(key))


def _checked(content: bytes, key: bytes) -> bytes | None:
    head = len(_MAGIC) + _DIGEST
    body = content[head:]
    if content[:head] != _MAGIC + blake2b(body, digest_size=_DIGEST).digest():
        return None
    length = int.from_bytes(body[:8], "little")
    return body[8 + length :] if body[8 : 8 + length] == key else None


def write(folder: Path, key: str, kernel: bytes) -> None:
    """Keep a kernel under ``key``. Raises OSError, and then nothing has changed."""
    write_all(folder, [(key, kernel)])


def write_all(folder: Path, kernels: Iterable[tuple[str, bytes]]) -> None:
    """Keep each kernel under its key. Raises OSError for the first that cannot be kept."""
    for key, kernel in kernels:
        _write(folder, key, kernel)
    prune(folder)


def _write(folder: Path, key: str, kernel: bytes) -> None:
    name = _bytes(key)
    body = len(name).to_bytes(8, "little") + name + kernel
    target = path_of(folder, key)
    part = folder / f".{target.stem}.{os.getpid()}{_PART}"
    try:
        with open(part, "wb", opener=_own) as file:
            file.write(_MAGIC + blake2b(body, digest_size=_DIGEST).digest())
            file.write(body)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _own(path: str, flags: int) -> int:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return os.open(path, flags | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def prune(folder: Path) -> None:
    """Remove old or excess kernels, and parts left by dead processes. Safe beside other processes."""
    found = []
    for item in _items(folder):
        with contextlib.suppress(OSError):
            status = item.stat(follow_symlinks=False)
            if item.name.endswith(_ENDING):
                found.append((status.st_mtime, status.st_size, item.path))
            elif item.name.endswith(_PART) and _is_left(item.name):
                os.unlink(item.path)
    total = sum(size for _, size, _ in found)
    oldest = max((used for used, _, _ in found), default=0.0) - MOST_DAYS * _DAY
    for used, size, path in sorted(found):
        if used >= oldest and total <= MOST_BYTES:
            break
        total -= size
        with contextlib.suppress(OSError):
            os.unlink(path)


def _items(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError:
        return []


def _is_left(name: str) -> bool:
    """Whether a part's process is gone."""
    number = name.removesuffix(_PART).rpartition(".")[2]
    return not number.isdigit() or not Path(f"/proc/{number}").exists()


def _bytes(key: str) -> bytes:
    return key.encode(errors="surrogatepass")
