"""Engines that are wrong in one place: the oracle with one piece of its text exchanged."""

from __future__ import annotations

import itertools
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tests.support.paths import ROOT

FOLDER = ROOT / "engine" / "oracle"
MODULES = ("arithmetic", "side", "book", "context", "trackers", "features", "strategies", "digest", "replay")
"""Modules of the oracle, each after those that it imports."""
_numbers = itertools.count()


class Fault(NamedTuple):
    """The place where an oracle is wrong: in the module, ``now``, which occurs once, is replaced by ``then``."""

    module: str
    now: str
    then: str


FAULTS = {
    rule: Fault(**told)
    for rule, told in tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8")).items()
}
"""Rule to a fault that breaks it and no other."""


def text(module: str) -> str:
    return (FOLDER / f"{module}.py").read_text(encoding="utf-8")


def loaded(fault: Fault) -> Any:
    """The class of an oracle with this fault; its modules have names of their own."""
    package = f"wrong_oracle_{next(_numbers)}"
    sys.modules[package] = ModuleType(package)
    for module in MODULES:
        source = text(module)
        if module == fault.module:
            assert source.count(fault.now) == 1, f"{fault.now!r} stands {source.count(fault.now)} times in {module}"
            source = source.replace(fault.now, fault.then)
        made = ModuleType(f"{package}.{module}")
        sys.modules[made.__name__] = made
        setattr(sys.modules[package], module, made)
        code = compile(source.replace("lobench.engine.oracle", package), f"{module}.py", "exec")
        exec(code, vars(made))
    return sys.modules[f"{package}.replay"].Oracle
