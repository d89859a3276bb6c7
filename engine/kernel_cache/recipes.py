"""Which signatures a group of kernels is used with: noted when they have been used, so that the cache can be asked for
them later. A wrong note costs time, never a result.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Mapping
from typing import Any

from lobench.engine.kernel_cache import numba_internals, store
from lobench.engine.kernel_cache.folders import kernel_folder


def remember(question: str, kernels: Mapping[str, Any]) -> None:
    """Note for ``question`` with which signatures these dispatchers, by name, have been used."""
    folder = kernel_folder()
    used = {name: list(kernel.overloads) for name, kernel in kernels.items() if hasattr(kernel, "overloads")}
    if folder is not None:
        with contextlib.suppress(OSError):
            store.write(folder, f"recipe {question}", numba_internals.dumped(used))


def recall(question: str) -> dict[str, list[Any]] | None:
    """Name to signatures, as noted; None if nothing is."""
    folder = kernel_folder()
    content = None if folder is None else store.read(folder, f"recipe {question}")
    if content is None:
        return None
    try:
        found: dict[str, list[Any]] = pickle.loads(content)
    except Exception:
        return None
    return found
