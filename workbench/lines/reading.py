"""What a program left of itself: its machine code with the lines that it came from, and the texts of those."""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lobench.workbench.lines.model import Told
from lobench.workbench.lines.watching import TARGET
from lobench.workbench.profile.codemap import CodeMap, Piece
from lobench.workbench.profile.runner import ToolFailedError
from lobench.workbench.profile.telling import OBJECTS
from lobench.workbench.results.conversion import from_json


@dataclass(frozen=True)
class Left:
    """What is left of a process: its machine code, and what it told."""

    codes: CodeMap
    told: Told


def left_in(folder: Path) -> Left:
    """Read a look's folder. Raises ToolFailedError where the program told nothing, or compiled nothing."""
    from lobench.workbench.profile.dwarf import Placed, bare, code_map

    try:
        told = from_json(Told, json.loads((folder / TARGET).read_text(encoding="utf-8")))
    except OSError:
        _startup(folder)
        raise ToolFailedError(
            "the program ended without leaving its machine code: it was killed, or ended by os._exit or exec"
        ) from None
    if not told.numba:
        raise ToolFailedError("the program never imported numba: there are no compiled functions to look at")
    placed = [Placed((folder / OBJECTS / name).read_bytes(), dict(bases)) for name, bases in told.objects]
    described = code_map(placed, guess=False)
    if not described.pieces:
        raise ToolFailedError("the program compiled no function with Numba: there are no lines to look at")
    # Functions of one name, of other types for instance, are told apart by their addresses.
    return Left(CodeMap(_filled(described, bare(placed)), of_file=True), told)


def _startup(folder: Path) -> None:
    """Raises ToolFailedError with what valgrind said, where it did not even begin."""
    for log in folder.glob("valgrind.*.log"):
        said = [
            line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "warning:" not in line
        ]
        if said:
            raise ToolFailedError("valgrind failed: " + " ".join(said)[-500:])


def _filled(described: CodeMap, symbols: Iterable[Piece]) -> list[Piece]:
    """The described pieces, and what remains of functions beside them; where two symbols name the same code, one."""
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
