"""Expensive objects that are the same for all workers of a run: the first worker makes one, the others wait for it."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

_folder: list[Path] = []


def keep_in(folder: Path) -> None:
    """The folder that the workers share."""
    _folder[:] = [folder]


def made_once(name: str, make: Callable[[], Made]) -> Made:
    """The return value of ``make``, perhaps from another worker; equal names mean equal objects."""
    if not _folder:
        return make()
    path = _folder[0] / f"{blake2b(name.encode(), digest_size=8).hexdigest()}.made"
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(pickle.dumps(make()))
            os.replace(part, path)
        made: Made = pickle.loads(path.read_bytes())
        return made
