"""Callables of a user's files and modules."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable
from functools import reduce
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from lobench.engine.errors import UsageError
from lobench.workbench.contest.asked import parts_of


def load(spec: str) -> Callable[..., Any]:
    """The callable that ``FILE.py:NAME`` or ``MODULE:NAME`` names. A file may import modules beside it; a module is
    also searched in the working directory. Raises UsageError if it does not load."""
    place, name = parts_of(spec)
    try:
        module = _file(Path(place)) if place.endswith(".py") else _module(place)
        found = reduce(getattr, name.split("."), module)
    except SystemExit as error:
        raise UsageError(f"{place}: ends the program when it is loaded (exit code {error.code or 0})") from error
    except UsageError:
        raise
    except AttributeError as error:
        raise UsageError(f"{spec}: {error}") from error
    except Exception as error:
        raise UsageError(f"{place}: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise UsageError(f"{spec}: is not callable, but of type {type(found).__name__}")
    return found


def source_of(spec: str) -> Path | None:
    """The file of a callable, found without loading it; None if there is none, as for built-in ones."""
    place, _ = parts_of(spec)
    if place.endswith(".py"):
        return Path(place)
    try:
        found = _spec(place)
    except (ImportError, ValueError):
        return None
    return Path(found.origin) if found is not None and found.has_location and found.origin else None


def _spec(name: str) -> ModuleSpec | None:
    """Where a module is found, as from the working directory. ``importlib.util.find_spec`` would load the packages that
    it is in, and a user's code has no business in this process."""
    top, *below = name.split(".")
    here = None if top in sys.stdlib_module_names else PathFinder.find_spec(top, [os.getcwd()])
    found = here if here is not None and here.origin else importlib.util.find_spec(top) or here
    for part in below:
        if found is None or found.submodule_search_locations is None:
            return None
        top = f"{top}.{part}"
        found = PathFinder.find_spec(top, found.submodule_search_locations)
    return found


def _file(path: Path) -> ModuleType:
    path = path.resolve()
    stem = re.sub(r"\W", "_", path.stem)
    name = f"lobench_user_{stem}_{hashlib.blake2b(os.fsencode(path), digest_size=6).hexdigest()}"
    if name not in sys.modules:
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{path}: not a Python file")
        _look_in(str(path.parent))
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def _module(name: str) -> ModuleType:
    _look_in(os.getcwd())
    return importlib.import_module(name)


def _look_in(folder: str) -> None:
    """Import from a folder, too, before all installed modules, as a script does, but after the standard library: a
    helper called `queue` replaces nothing."""
    if folder not in sys.path:
        library = os.path.dirname(os.__file__)
        standard = (library, os.path.join(library, "lib-dynload"))
        behind = [place for place, entry in enumerate(sys.path, start=1) if entry in standard]
        sys.path.insert(max(behind, default=0), folder)


def spec_of(function: Callable[..., Any]) -> str:
    """The name by which another process finds a function. Raises UsageError if there is none: a lambda, a nested
    function, a function outside any file."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    shown = name or repr(function)
    try:
        held: Any = reduce(getattr, str(name).split("."), sys.modules[str(module)])
    except (AttributeError, KeyError):
        held = None
    if held is not function or module is None:
        raise UsageError(f"{shown}: fresh processes load the callable from a file; it must have this name there")
    file = getattr(sys.modules[module], "__file__", None)
    if module == "__main__" and not str(file).endswith(".py"):
        raise UsageError(f"{shown}: fresh processes load the callable from a file; write it into one and import it")
    return f"{file if module == '__main__' else module}:{name}"
