"""Modules that stay the same while versions stay the same: Python's standard library, NumPy, Numba, llvmlite.

Their functions are identified by name; the versions are part of every key. A module is trusted because of the file that
it was loaded from: a user's ``statistics.py`` is not Python's.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType

import llvmlite
import numba
import numpy as np

_INSTALLED = tuple(sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib"))
_STANDARD = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
_VERSIONED = tuple(str(Path(str(module.__file__)).parent) + os.sep for module in (numba, llvmlite, np))
_FOREIGN_PARTS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@cache
def trusted_file(file: str) -> bool:
    if file.startswith(_VERSIONED):
        return True
    return file.startswith("<frozen ") or (
        file.startswith(_STANDARD) and not file.startswith(_INSTALLED) and not any(p in file for p in _FOREIGN_PARTS)
    )


@cache
def installed_file(file: str) -> bool:
    """Whether a file belongs to an installed package."""
    return file.startswith(_INSTALLED)


def trusted_module(name: str) -> bool:
    module = sys.modules.get(name)
    return module is not None and trusted(module)


def trusted(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if file is None:
        name = module.__name__
        return name in sys.builtin_module_names or (name in sys.stdlib_module_names and name != "__main__")
    return trusted_file(file)
