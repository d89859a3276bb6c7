"""In place of the cache with a version of Numba that is not known: kernels are compiled in every process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lobench.engine import private_numba
from lobench.engine.cache import source_digest
from lobench.engine.kernel_cache.folders import say


def attach(dispatcher: Any) -> Any:
    """The dispatcher as it is. Says once that kernels are not kept."""
    why = f"the cache needs Numba {private_numba.KNOWN}, {private_numba.WHY_NOT}"
    say(f"kernels are not cached but compiled in each process: {why}")
    return dispatcher


def kernel_folder() -> Path | None:
    """None: there is no folder for kernels."""
    return None


def is_kept(dispatcher: Any, signature: Any) -> bool:
    """False."""
    return False


def kept_code(dispatcher: Any, signature: Any) -> tuple[str, bytes] | None:
    """None: kernels have no file."""
    return None


def remember(question: str, kernels: Mapping[str, Any]) -> None:
    """Nothing is noted."""


def recall(question: str) -> dict[str, list[Any]] | None:
    """None: nothing is noted."""
    return None


def digest_of(roots: Iterable[Any]) -> str:
    """Of all sources of the engine and its variants, whichever of them ``roots`` lead to: it changes too often rather
    than too rarely, except for files outside of both."""
    return source_digest()
