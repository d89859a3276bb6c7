"""Kernels shared between commits: code that is the same in several commits is compiled once.

The key of a cached kernel covers everything that goes into it, including the file and line of its functions. To give
the same function the same file in all commits, the text of each file is stored once, under its content, and modules are
loaded from there (``processes.child``). All commits use one folder of kernels.

Only commits whose engine caches kernels exactly as the running lobench take part: earlier caches were designed for the
kernels of one commit only.
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

_OF_THE_CACHE = ("cache.py", "compiling.py", "kernel_cache", "part_compiler.py", "private_numba.py")
"""The files of an engine that decide the key and the content of a cached kernel."""


def shares(theirs: Path) -> bool:
    """Whether kernels of the engine in the folder ``theirs`` may be shared."""
    return _cache_of(theirs) == _our_cache()


@cache
def _our_cache() -> str:
    return _cache_of(Path(str(engine.__file__)).parent)


def _cache_of(folder: Path) -> str:
    files = [path for name in _OF_THE_CACHE for path in ([folder / name, *(folder / name).rglob("*.py")])]
    return digest_of((str(path.relative_to(folder)), path.read_bytes()) for path in files if path.is_file())


def keep_texts(tree: Path, texts: Path) -> None:
    """Link each Python file in ``tree`` into the folder ``texts``, as a second name of the same file, which takes no
    space. Where links are not possible, less is shared."""
    for file in tree.rglob("*.py"):
        place = Path(text_place(str(texts), file.read_bytes(), str(file.relative_to(tree))))
        if not place.exists():
            with suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, place)


def drop_texts(texts: Path) -> None:
    """Remove the texts that no tree contains any more."""
    for kept in texts.iterdir() if texts.is_dir() else ():
        if not any(path.stat().st_nlink > 1 for path in kept.rglob("*.py")):
            shutil.rmtree(kept, ignore_errors=True)


def oldest_kernel(shared: Path) -> float:
    """When the least recently used kernel of a shared cache was last used, in seconds since the epoch; infinite if the
    cache is empty."""
    with suppress(OSError):
        return min((item.stat().st_mtime for item in os.scandir(shared / "kernels")), default=math.inf)
    return math.inf
