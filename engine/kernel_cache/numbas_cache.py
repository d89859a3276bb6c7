"""Numba's own cache, which is not used: its keys cover too little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba


@contextmanager
def without_numbas_cache() -> Iterator[None]:
    """Meanwhile ``cache=True`` of ``numba.njit`` means nothing."""
    dispatcher: Any = numba.njit(lambda: None)
    # With Numba's compiler off (NUMBA_DISABLE_JIT) it is a plain function.
    owner: Any = next((kind for kind in type(dispatcher).__mro__ if "enable_caching" in vars(kind)), None)
    if owner is None:
        yield
        return
    kept = owner.enable_caching
    owner.enable_caching = lambda self: None
    try:
        yield
    finally:
        owner.enable_caching = kept
