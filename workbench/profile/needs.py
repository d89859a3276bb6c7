"""The tools that profiles are made with: whether they are here, and how to get those that are not."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import which

from lobench.engine.errors import LobenchError
from lobench.workbench.optional_dependencies import MissingToolError, is_installed, not_installed, part, pip

__all__ = ["MissingRightError", "MissingToolError", "perf_event_paranoid", "ptrace_scope", "require", "require_all"]

_PIP = pip(part("profile"))
_TOOLS = {
    "callgrind": ("valgrind", "pyelftools"),
    "perf": ("perf", "pyelftools"),
    "py-spy": ("py-spy", "pyelftools"),
    "scalene": ("scalene",),
    "memray": ("memray",),
}
"""The requirements of each method; ablation has none."""
_APT = {"valgrind": "apt-get install valgrind libc6-dbg", "perf": "apt-get install linux-perf"}
_MODULES = {"scalene": "scalene", "memray": "memray", "pyelftools": "elftools"}


class MissingRightError(LobenchError):
    """A profiler may not look into processes here; the message says which right is missing."""


def require(name: str) -> str:
    """Path of a program, or name of a module, that must be there. Raises MissingToolError with the line that installs
    it."""
    if name in _MODULES:
        if not is_installed(_MODULES[name]):
            raise not_installed(name, _PIP)
        return _MODULES[name]
    # First beside this interpreter, where pip installs it.
    beside = which(name, path=str(Path(sys.executable).parent)) if name == "py-spy" else None
    path = beside or which(name)
    if path is None:
        raise not_installed(name, _APT.get(name, _PIP))
    if name == "valgrind" and platform.machine() not in ("x86_64", "AMD64"):
        raise MissingToolError(f"callgrind profiles need an x86-64 machine, this one is {platform.machine()}")
    return path


def require_all(methods: Iterable[str]) -> None:
    """Everything that these ways to look at a variant need must be there. Raises as ``require``."""
    for method in methods:
        for name in _TOOLS.get(method, ()):
            require(name)


def perf_event_paranoid() -> int | None:
    """perf's permission level: at most 2 lets users profile their own processes; None if there is no perf."""
    return _number("/proc/sys/kernel/perf_event_paranoid")


def ptrace_scope() -> int | None:
    """Yama's rule for attaching to processes: 0 all of one's own, 1 those that allow it, 2 root only, 3 none."""
    return _number("/proc/sys/kernel/yama/ptrace_scope")


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
