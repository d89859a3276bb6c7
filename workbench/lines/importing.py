"""An import hook for one module."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any


class WhenImported:
    """Acts as soon as a module has been loaded, and removes itself. Code that only asks for the module's spec, as
    libraries do for optional modules, changes nothing."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name, self._then = name, then
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        finders: list[Any] = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in finders if hasattr(finder, "find_spec"))
        spec: ModuleSpec | None = next((found for found in specs if found is not None), None)
        if spec is None or spec.loader is None:
            return spec
        loader: Any = spec.loader
        load = loader.exec_module

        def loaded(module: Any) -> None:
            load(module)
            # Some loaders serve many modules.
            if module.__name__ == self._name and self in sys.meta_path:
                sys.meta_path.remove(self)
                self._then()

        loader.exec_module = loaded
        return spec
