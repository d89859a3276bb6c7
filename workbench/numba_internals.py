"""Numba's private interfaces that profiles replace or read.

With an unknown version of Numba (``lobench.engine.private_numba``) ``found`` refuses with one line, before anything is
compiled, and nothing else of lobench depends on them.
"""

from __future__ import annotations

from typing import Any

from lobench.engine import private_numba
from lobench.engine.errors import LobenchError


def _module(name: str) -> Any:
    """One of Numba's modules; None with an unknown version."""
    return getattr(private_numba, name) if private_numba.USABLE else None


caching = _module("caching")
codegen = _module("codegen")
config = _module("config")
debuginfo = _module("debuginfo")
event = _module("event")
lowering = _module("lowering")


def found(owner: Any, *names: str) -> Any:
    """The first attribute of these names that ``owner`` has. Raises LobenchError if it has none: an unknown version."""
    for name in names:
        if hasattr(owner, name):
            return getattr(owner, name)
    why = private_numba.WHY_NOT or f"this version has no {names[0]}"
    raise LobenchError(f"source lines of kernels need Numba {private_numba.KNOWN}: {why}")
