"""Line tables for everything that Numba compiles in a program.

``profile.linetables`` describes functions that are lowered from one file. Programs also have code that Numba makes
up: loops around a ufunc's function and other wrappers, into which the user's function is inlined and which would
take its lines away, as a function without debug information can hold none; parallel loops, whose text has no file; and
functions of several files that were joined before lowering.
"""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Sequence
from typing import Any

from lobench.workbench.lines.naming import WRAPPER
from lobench.workbench.numba_internals import codegen, found, lowering
from lobench.workbench.profile import linetables

_DEF = re.compile(r"\s*def\b")


class ProgramTables(linetables.LineTables):
    """Positions with the file that each instruction came from."""

    lower: Any = None

    def mark_location(self, builder: Any, line: int) -> None:
        filename = getattr(getattr(self.lower, "loc", None), "filename", None)
        if filename is None or self._path(filename) == self._path(self.filepath):
            super().mark_location(builder, line)
            return
        scope = self.module.add_debug_info(
            "DILexicalBlockFile",
            {"scope": self.subprograms[-1], "file": self._file(filename), "discriminator": 0},
        )
        builder.debug_metadata = self.module.add_debug_info("DILocation", {"line": line, "column": 1, "scope": scope})

    def _file(self, filename: str) -> Any:
        folder, name = os.path.split(self._path(filename))
        names = {"directory": linetables.written(folder), "filename": linetables.written(name)}
        return self.module.add_debug_info("DIFile", names)

    @staticmethod
    def _path(filename: str) -> str:
        name = os.path.basename(filename)
        return name if name.startswith("<") else os.path.abspath(filename)


def install() -> None:
    """From now on everything that Numba compiles in this process is described. Raises as ``linetables.install``."""
    linetables.install(ProgramTables)
    lower = found(lowering, "BaseLower")
    begin = lower.__init__

    def __init__(self: Any, context: Any, library: Any, fndesc: Any, func_ir: Any, *rest: Any, **named: Any) -> None:  # noqa: N807
        source = _source(func_ir) if func_ir.loc.filename.startswith("<") else None
        if source is not None:
            func_ir.loc = source
        begin(self, context, library, fndesc, func_ir, *rest, **named)
        if isinstance(self.debuginfo, ProgramTables):
            self.debuginfo.lower = self
            # Numba assumes that `def` is on the second line, which holds below a single one-line decorator.
            text = () if source else linecache.getlines(func_ir.loc.filename)
            self.defn_loc = func_ir.loc.with_lineno(def_line(text, func_ir.loc.line))

    lower.__init__ = __init__
    library = found(codegen, "CPUCodeLibrary")
    add = library.add_ir_module

    def add_ir_module(self: Any, module: Any) -> None:
        describe(module)
        add(self, module)

    library.add_ir_module = add_ir_module


def _source(func_ir: Any) -> Any:
    """Where the first instruction of generated text that came from a file came from; None if none did."""
    places = (inst.loc for _, block in sorted(func_ir.blocks.items()) for inst in block.body)
    return next((place for place in places if not place.filename.startswith("<")), None)


def def_line(text: Sequence[str], first: int) -> int:
    """The line with a function's ``def``, whose code begins with line ``first``: that of its first decorator."""
    if not "".join(text[first - 1 : first]).lstrip().startswith("@"):
        return first
    return next((line for line in range(first, len(text) + 1) if _DEF.match(text[line - 1])), first)


def describe(module: Any) -> None:
    """Give the functions of a module that Numba generated a name and no lines, so that code inlined into them keeps its
    own. Functions that count references are left alone: they contain no other code."""
    own = [function for function in module.functions if function.blocks]
    for function in own:
        if "dbg" in function.metadata:
            _place(module, function, everything=False)
    made_up = [
        function for function in own if "dbg" not in function.metadata and not function.name.lower().startswith("nrt_")
    ]
    if made_up:
        tables = linetables.LineTables(module, WRAPPER, None, False)
        for function in made_up:
            tables.mark_subprogram(function, wrapped(function.name), (), (), 0)
            _place(module, function, everything=True)
        tables.finalize()


def _place(module: Any, function: Any, *, everything: bool) -> None:
    """Mark a function's instructions as being without a line, or only calls if they have no position: LLVM requires one
    for each call between described functions."""
    nowhere = module.add_debug_info("DILocation", {"line": 0, "column": 0, "scope": function.metadata["dbg"]})
    for block in function.blocks:
        for instruction in block.instructions:
            if everything or (instruction.opname in ("call", "invoke") and "dbg" not in instruction.metadata):
                instruction.set_metadata("dbg", nowhere)


def wrapped(symbol: str) -> str:
    """The parts of one of Numba's symbols, as far as they are encoded (Itanium C++ ABI: each with its length)."""
    parts = []
    rest = symbol.partition("_ZN")[2]
    while found := re.match(r"\d+", rest):
        length = int(found[0])
        parts.append(rest[found.end() : found.end() + length])
        rest = rest[found.end() + length :]
    return ".".join(part for part in parts if not part.startswith("_3c")) or symbol
