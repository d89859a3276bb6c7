"""Kernels that commits share: what is the same code in two of them is compiled once.

A kernel is kept under everything that goes into it, the places of its functions among it. So that the same function
stands in the same place in all commits, the text of each file is kept once, under its content, and modules are loaded
from there (``processes.child``); and all commits have one folder of kernels.

Only those whose engine keeps kernels exactly as the lobench that runs here: how earlier ones did was right for the
kernels of one commit, and nobody has asked more of it.
"""

from __future__ import annotations

import math
import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

from lobench import engine
from lobench.workbench.commits.code_text import digest_of
from lobench.workbench.processes.child import text_place

_OF_THE_CACHE = ("cache.py", "compiling.py", "kernel_cache")
"""Of an engine: what decides under which key a kernel is kept, and what is in it."""


def shares(theirs: Path) -> bool:
    """Whether kernels of this engine, by its folder, may be shared."""
    return _cache_of(theirs) == _our_cache()


@cache
def _our_cache() -> str:
    return _cache_of(Path(str(engine.__file__)).parent)


def _cache_of(folder: Path) -> str:
    files = [path for name in _OF_THE_CACHE for path in ([folder / name, *(folder / name).rglob("*.py")])]
    return digest_of((str(path.relative_to(folder)), path.read_bytes()) for path in files if path.is_file())


def keep_texts(tree: Path, texts: Path) -> None:
    """Have the text of each Python file in ``tree`` kept in the folder ``texts``: another name of the same file, which
    takes no room. Where there can be no such name, less is shared."""
    for file in tree.rglob("*.py"):
        place = Path(text_place(str(texts), file.read_bytes(), str(file.relative_to(tree))))
        if not place.exists():
            with suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, place)


def drop_texts(texts: Path) -> None:
    """Remove the texts that no tree has any more."""
    for kept in texts.iterdir() if texts.is_dir() else ():
        if not any(path.stat().st_nlink > 1 for path in kept.rglob("*.py")):
            shutil.rmtree(kept, ignore_errors=True)


def oldest_kernel(shared: Path) -> float:
    """When the kernel of a shared cache was used that has not been for longest, in seconds since the epoch; infinite
    for a cache that has none."""
    with suppress(OSError):
        return min((item.stat().st_mtime for item in os.scandir(shared / "kernels")), default=math.inf)
    return math.inf
