"""From machine code to source: the functions, inlined into each other, behind every address of a JIT kernel.

``lobench.workbench.profile.dwarf`` reads such a map from the objects that the JIT linker loaded.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Frame(NamedTuple):
    """A place in the source: qualified function name, absolute path (or ``<generated>`` name), line."""

    function: str
    file: str
    line: int


Stack = tuple[Frame, ...]
"""From the compiled function down to the innermost function that was inlined into it."""


def renamed(stack: Stack, names: Mapping[str, str]) -> Stack:
    """A stack with files by other names, where they have one."""
    return tuple(frame._replace(file=names.get(frame.file, frame.file)) for frame in stack)


class Piece(NamedTuple):
    """Addresses ``start`` to ``stop`` (exclusive) come of one stack; the compiled function begins at ``entry``."""

    start: int
    stop: int
    entry: int
    stack: Stack


@dataclass(frozen=True)
class CodeMap:
    """All pieces of a process, sorted by address, without overlap."""

    pieces: Sequence[Piece]
    of_file: bool = False
    """Addresses are those of a file, the same in every process that loads it, or of one process that is looked at
    once: functions are known by them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", [piece.start for piece in self.pieces])

    def find(self, address: int) -> Piece | None:
        """The piece that holds an address, None if no kernel's code is there."""
        index = bisect.bisect_right(self._starts, address) - 1  # type: ignore[attr-defined]
        if index >= 0 and address < self.pieces[index].stop:
            return self.pieces[index]
        return None

    def key(self, piece: Piece) -> str | int:
        """The identity of a compiled function, also in another process: its address if that is fixed, else its name."""
        return piece.entry if self.of_file else piece.stack[0].function

    def perf_map(self) -> str:
        """perf's input ``/tmp/perf-PID.map``: one symbol for each stretch of one source line."""
        lines = []
        for start, stop, _, stack in self.pieces:
            function, file, line = stack[-1]
            lines.append(f"{start:x} {stop - start:x} {os.path.basename(file)}:{line} {function.rpartition('.')[2]}\n")
        return "".join(lines)
