"""How a program's files are shown: by the path from here, a library's by its path in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from lobench.workbench.profile.attribution import LIBRARY
from lobench.workbench.profile.codemap import Frame

WRAPPER = "<numba wrapper>"
"""File of functions that Numba puts around the user's: they have no source."""
NO_SOURCE = "(no source)"
"""Their displayed form, and that of all other code without source."""


_LOOP, _CLASS = re.compile(r"__numba_parfor_gufunc_\w+"), re.compile(r"#[0-9a-f]+(?=<)")


def readable(frame: Frame) -> Frame:
    """A frame without numbers that differ in every process: the names that Numba gives parallel loops and compiled
    classes."""
    return frame._replace(function=_CLASS.sub("", _LOOP.sub("parallel loop", frame.function)))


def hidden(file: str) -> bool:
    """Whether a file is Numba's own, or no file at all: its cost is the caller's."""
    return file in ("", WRAPPER) or file.startswith(_numba())


@cache
def _numba() -> tuple[str, ...]:
    from importlib.util import find_spec

    spec = find_spec("numba")
    return (os.path.dirname(spec.origin) + os.sep,) if spec and spec.origin else ()


def shown_from(folder: Path) -> Callable[[str], str]:
    """A function that gives a file's displayed path for readers in ``folder``."""
    here = str(folder) + os.sep
    roots = sorted((os.path.abspath(entry) + os.sep for entry in sys.path if entry), key=len, reverse=True)

    @cache
    def name(file: str) -> str:
        if file in ("", WRAPPER):
            return NO_SOURCE
        if not os.path.isabs(file) or file == LIBRARY:
            return file
        if file.startswith(here) and "site-packages" not in file:
            return file.removeprefix(here)
        root = next((entry for entry in roots if file.startswith(entry) and "site-packages" in entry), "")
        return file.removeprefix(root)

    return name
