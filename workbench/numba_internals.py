"""Numba's private interfaces that profiles replace or read, in one place; those that compile kernels are in ``engine``.

None of them is public: an unknown version may lack them. ``found`` then refuses with one line, before anything is
compiled, and nothing else of lobench depends on them.
"""

from __future__ import annotations

from typing import Any

from numba.core import caching as _caching
from numba.core import codegen as _codegen
from numba.core import config as _config
from numba.core import debuginfo as _debuginfo
from numba.core import event as _event
from numba.core import lowering as _lowering

from lobench.engine.errors import LobenchError

caching: Any = _caching
codegen: Any = _codegen
config: Any = _config
debuginfo: Any = _debuginfo
event: Any = _event
lowering: Any = _lowering

KNOWN = "0.61 to 0.68"
"""The versions of Numba that have them (``pyproject.toml`` allows no others)."""


def found(owner: Any, *names: str) -> Any:
    """The first attribute of these names that ``owner`` has. Raises LobenchError if it has none: an unknown version."""
    for name in names:
        if hasattr(owner, name):
            return getattr(owner, name)
    raise LobenchError(f"source lines of kernels need Numba {KNOWN}: this version has no {names[0]}")
