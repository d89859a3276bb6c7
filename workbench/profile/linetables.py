"""Kernels with line tables: the same machine code as the timed kernels, with debug sections about its origin.

Numba's ``debug=True`` forbids inlining and keeps variables alive, so it describes another program. Here the lowering is
unchanged and only source positions are attached to it, which LLVM's optimizer must ignore.
``tests/unit/workbench/profile/test_profile_linetables.py`` compares the machine code byte by byte.

Numba has no public interface for this: two of its internals are replaced, only in processes that exist to be profiled.
Call ``install`` before anything is compiled.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from lobench.workbench.numba_internals import codegen, debuginfo, found


@dataclass(frozen=True)
class CompiledObject:
    """One relocatable object that the JIT linker loaded: its ELF bytes, and the engine that knows where to."""

    elf: bytes
    engine: Any


OBJECTS: list[CompiledObject] = []
"""All objects loaded since ``install``, in order."""


def written(name: str) -> str:
    """A file's name as debug information can hold it, which is UTF-8; names of files can be any bytes."""
    return name.encode("utf-8", "replace").decode("utf-8")


class LineTables(found(debuginfo, "DIBuilder")):  # type: ignore[misc]
    """Debug information without variables and types: positions, functions, and inlining."""

    def __init__(self, module: Any, filepath: str, cgctx: Any, directives_only: bool) -> None:
        # "Directives only" would name no functions.
        super().__init__(module, filepath, cgctx, directives_only=False)

    def mark_variable(self, *arguments: Any, **options: Any) -> None:
        """A variable's description would pin its storage."""

    def _di_file(self) -> Any:
        # Generated text has a name in angle brackets and no folder.
        folder, name = os.path.split(self.filepath)
        if name.startswith("<"):
            folder = ""
        return self.module.add_debug_info("DIFile", {"directory": written(folder), "filename": written(name)})

    def _di_subroutine_type(self, line: int, function: Any, argmap: Any) -> Any:
        return self.module.add_debug_info("DISubroutineType", {"types": self.module.add_metadata([])})


def install(tables: type[LineTables] = LineTables) -> None:
    """From now on everything that Numba compiles in this process carries line tables, and is kept in ``OBJECTS``.

    Raises LobenchError for an unknown version of Numba.
    """
    library = found(codegen, "CPUCodeLibrary")
    finalize = found(library, "_finalize_final_module")
    if found(debuginfo, "DummyDIBuilder") is tables:
        return
    debuginfo.DummyDIBuilder = tables

    def keep(self: Any) -> Any:
        if not self._object_caching_enabled:
            self.enable_object_caching()
        # The linker consumes an object from the cache, so keep it first.
        cached = self._compiled_object
        result = finalize(self)
        OBJECTS.append(CompiledObject(bytes(cached or self._compiled_object), self._codegen._engine))
        return result

    library._finalize_final_module = keep
