"""Numba's cache in a program that is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lobench.workbench.numba_internals import caching, config, found


def own_cache(folder: Path) -> None:
    """Functions with ``cache=True`` are kept in ``folder``, whatever the environment says: the user's cache holds code
    without line tables, and must not get code that was compiled for valgrind."""
    kept: Any = found(caching, "CacheImpl", "_CacheImpl")
    locator: Any = found(caching, "UserProvidedCacheLocator", "_UserProvidedCacheLocator")

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
        chosen = getattr(config, "CACHE_LOCATOR_CLASSES", "")
        config.CACHE_LOCATOR_CLASSES = ""
        try:
            begin(self, function)
        finally:
            config.CACHE_LOCATOR_CLASSES = chosen

    kept._locator_classes = [Own]
    kept.__init__ = __init__
