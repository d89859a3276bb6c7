"""Engines that are wrong in one place: the oracle with one piece of its text exchanged."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

from tests.replays import ROOT

FOLDER = ROOT / "engine" / "oracle"
_ORDER = ("arithmetic", "side", "book", "context", "trackers", "features", "strategies", "digest", "replay")
"""Modules of the oracle, each after those that it imports."""
_numbers = itertools.count()


class Fault(NamedTuple):
    """Where an oracle is wrong: in the module, ``new`` stands for ``old``, which stands there once."""

    module: str
    old: str
    new: str


def text(module: str) -> str:
    return (FOLDER / f"{module}.py").read_text(encoding="utf-8")


@contextmanager
def wrong(fault: Fault) -> Iterator[Any]:
    """Within, the class of an oracle with this fault."""
    package = f"wrong_oracle_{next(_numbers)}"
    names = [package, *(f"{package}.{module}" for module in _ORDER)]
    try:
        sys.modules[package] = ModuleType(package)
        for module in _ORDER:
            source = text(module)
            if module == fault.module:
                assert source.count(fault.old) == 1, f"{fault.old!r} stands {source.count(fault.old)} times in {module}"
                source = source.replace(fault.old, fault.new)
            made = ModuleType(f"{package}.{module}")
            sys.modules[made.__name__] = made
            setattr(sys.modules[package], module, made)
            code = compile(source.replace("lobench.engine.oracle", package), f"{module}.py, {fault.new}", "exec")
            exec(code, vars(made))
        yield sys.modules[f"{package}.replay"].Oracle
    finally:
        for name in names:
            sys.modules.pop(name, None)
