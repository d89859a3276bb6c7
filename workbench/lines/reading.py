"""The data left by a program: its machine code with source lines, and the texts of those."""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lobench.workbench.lines.model import Told
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.watching import BEGUN, TARGET
from lobench.workbench.processes.starting import ending
from lobench.workbench.profile.codemap import CodeMap, Piece
from lobench.workbench.profile.runner import ToolFailedError
from lobench.workbench.profile.telling import OBJECTS
from lobench.workbench.results.conversion import from_json


@dataclass(frozen=True)
class Left:
    """The data left by a process: its machine code, and its report."""

    codes: CodeMap
    told: Told


def left_in(folder: Path, program: Program, tool: str, code: int) -> Left:
    """The files that a ``program`` that ended with ``code`` left in the scratch folder. Raises ToolFailedError if it
    reported nothing, compiled nothing, or never entered the chosen regions."""
    from lobench.workbench.profile.dwarf import Placed, bare, code_map

    try:
        told = from_json(Told, json.loads((folder / TARGET).read_text(encoding="utf-8")))
    except OSError:
        raise ToolFailedError(_silence(folder, tool, code)) from None
    ended = as_it_ended(code)
    if not told.numba:
        raise ToolFailedError(f"the program never imported numba: there are no compiled functions to look at{ended}")
    placed = [Placed((folder / OBJECTS / name).read_bytes(), dict(bases)) for name, bases in told.objects]
    described = code_map(placed, guess=False)
    if not described.pieces:
        raise ToolFailedError(f"the program compiled no function with Numba: there are no lines to look at{ended}")
    if program.region is not None and not told.regions:
        raise ToolFailedError(f"the program never entered a region named {program.region!r}{ended}")
    # Functions of the same name, for instance for other types, are distinguished by address.
    return Left(CodeMap(_filled(described, bare(placed)), of_file=True), told)


def as_it_ended(code: int) -> str:
    """The end of a message about a program, where it ended badly: that may be why."""
    return f"; it {ending(code)}" if code else ""


def _silence(folder: Path, tool: str, code: int) -> str:
    """Why a process left no report: it was not started, or it did not end normally."""
    begun = folder / BEGUN
    which = begun.read_text(encoding="utf-8") if begun.exists() else "*"
    said = [
        line
        for log in folder.glob(f"valgrind.{which}.log")
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if "warning:" not in line
    ]
    name = {"callgrind": "valgrind"}.get(tool, tool)
    last = f"; {name} said: {' '.join(said)[-500:]}" if said else ""
    if not begun.exists():
        return f"{name} did not start the program: it {ending(code)}{last}"
    by = "" if code < 0 else ", by os._exit or exec,"
    return f"the program {ending(code)}{by} and left no machine code{last}"


def _filled(described: CodeMap, symbols: Iterable[Piece]) -> list[Piece]:
    """The described pieces, and the remaining functions; one name for each code."""
    pieces = described.pieces
    starts = [piece.start for piece in pieces]
    found = list(pieces)
    for symbol in symbols:
        start = symbol.start
        for place in range(max(0, bisect.bisect_right(starts, start) - 1), len(pieces)):
            piece = pieces[place]
            if piece.start >= symbol.stop:
                break
            if piece.start > start:
                found.append(symbol._replace(start=start, stop=piece.start))
            start = max(start, piece.stop)
        if start < symbol.stop:
            found.append(symbol._replace(start=start))
    kept: list[Piece] = []
    for piece in sorted(found):
        start = max(piece.start, kept[-1].stop) if kept else piece.start
        if start < piece.stop:
            kept.append(piece._replace(start=start))
    return kept
