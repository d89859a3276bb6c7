"""Source text for readers: the files in a profile, their displayed names, and the text of a line."""

from __future__ import annotations

import linecache
import os
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from lobench.workbench import PARTS

OWN = {place: part for part, folder in PARTS.items() for place in (folder, folder.resolve())}
"""Folders of lobench's own modules to their part; a profiler may follow the links of a checkout."""
_INSTALLED = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib"))
_SYSTEM = ("/usr/include/", "/usr/local/include/", "/usr/lib/", "/usr/src/", "/rustc/", "/rust/deps/")
_SHIPPED = ("/rustlib/src/", "/.cargo/registry/")
"""Places of compilers' and libraries' own sources: beginnings of paths, and parts of paths."""


def is_hidden(file: str) -> bool:
    """Whether a file is a library's, Numba's own functions or a standard library's headers for instance: its cost is
    the caller's."""
    if file.startswith(("<", "(")) or not OWN.keys().isdisjoint(Path(file).parents):
        return False
    return file.startswith((*_INSTALLED, *_SYSTEM)) or any(folder in file for folder in _SHIPPED)


@cache
def shown(file: str) -> str:
    """A file's name in a profile: a module's path within lobench, as ``engine/book.py``; the bare name of any other
    path."""
    path = Path(file)
    for folder, part in OWN.items():
        if folder in path.parents:
            return str(Path(part, path.relative_to(folder)))
    # An engine's files are known by name already.
    return path.name if path.is_absolute() else file


def shown_names(files: Iterable[str]) -> dict[str, str]:
    """File to the shortest name that tells it from the others, of those that are the engine's own: ``mod.rs``, or
    ``book/mod.rs`` where there are several."""
    own = sorted({file for file in set(files) if os.path.isabs(file) and not is_hidden(file)})
    names = {}
    for file in own:
        parts = Path(file).parts
        for length in range(1, len(parts) + 1):
            if sum(Path(other).parts[-length:] == parts[-length:] for other in own) == 1:
                break
        names[file] = os.path.join(*parts[-length:])
    return names


class Sources:
    """Lines by shown name. ``files``: full path by shown name; ``generated``: lines of texts without a file."""

    def __init__(self, files: Mapping[str, str], generated: Mapping[str, Sequence[str]]) -> None:
        self.files = dict(files)
        self.generated = {name: [line.rstrip("\n") for line in lines] for name, lines in generated.items()}

    @classmethod
    def of(cls, files: Iterable[str], generated: Mapping[str, Sequence[str]]) -> Sources:
        return cls({shown(file): file for file in files}, generated)

    def lines(self, name: str) -> list[str]:
        """All lines of a file, without line ends; empty if it is not known."""
        if name in self.generated:
            return self.generated[name]
        return [line.rstrip("\n") for line in linecache.getlines(self.files.get(name, name))]

    def text(self, name: str, line: int) -> str:
        lines = self.lines(name)
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""
