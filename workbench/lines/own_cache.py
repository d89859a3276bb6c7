"""Numba's cache in a program that is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numba.core import caching, config

from lobench.engine.errors import LobenchError

settings: Any = config


def own_cache(folder: Path) -> None:
    """Functions with ``cache=True`` are kept in ``folder``, whatever the environment says: the user's cache holds code
    without line tables, and must not get code that was compiled for valgrind."""
    kept: Any = getattr(caching, "CacheImpl", None) or getattr(caching, "_CacheImpl", None)
    locator: Any = getattr(caching, "UserProvidedCacheLocator", None) or getattr(
        caching, "_UserProvidedCacheLocator", None
    )
    if kept is None or locator is None:
        raise LobenchError("lines need Numba 0.61 to 0.68: this version stores its cache differently")

    class Own(locator):  # type: ignore[misc]
        def __init__(self, function: Any, file: str) -> None:
            super().__init__(function, file)
            self._cache_path = str(folder / self.get_suitable_cache_subpath(file))

        def get_source_stamp(self) -> Any:
            # The folder is new in each process: no entry is from an earlier source.
            return 0

        @classmethod
        def from_function(cls, function: Any, file: str) -> Any:
            made = cls(function, file)
            made.ensure_cache_path()
            return made

    begin = kept.__init__

    def __init__(self: Any, function: Any) -> None:  # noqa: N807
        chosen = getattr(settings, "CACHE_LOCATOR_CLASSES", "")
        settings.CACHE_LOCATOR_CLASSES = ""
        try:
            begin(self, function)
        finally:
            settings.CACHE_LOCATOR_CLASSES = chosen

    kept._locator_classes = [Own]
    kept.__init__ = __init__
