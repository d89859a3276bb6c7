"""The exact instructions of each source line, from callgrind, and the lines that cost more than before.

Only code with debug information has lines: that of libraries compiled with ``-g``. A line that a commit has moved is
the same line: sources are aligned by their text.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from lobench.workbench.commits.dumps import NAMED

BUILDING: Final = "building"
BUILT_IN: Final = "source"
"""Names of the folder of builds, and of the folder of a build's files in it: the rest of a file's path is its path in
the repository."""
_BEFORE: Final = re.compile(rf"^.*?/{BUILDING}/\.making-[^/]+/{BUILT_IN}/")

KEPT: Final = 400
"""Lines of a variant that are kept, the costliest."""

SHOWN: Final = 3
_LEAST: Final = 0.02
"""Instructions per event below which a line's change is ignored."""

_SHARE: Final = 0.05
"""Share of the largest rise; smaller rises come from the compilation of the same lines elsewhere."""

Costs = dict[tuple[str, int], float]
"""(File, line) to instructions an event."""


@dataclass(frozen=True)
class ChangedLine:
    """A source line, and its instructions an event before and after; None before for a line that is new."""

    file: str
    line: int
    text: str
    before: float
    after: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.before:.2f} to {self.after:.2f} instructions an event  {self.text}"


def read(files: Iterable[Path], objects: Mapping[str, str]) -> dict[tuple[int, str], Costs]:
    """(feed, variant) to costs of lines, means over replays; ``objects``: variant to the library that contains its
    lines."""
    sums: dict[tuple[int, str], Counter[tuple[str, int]]] = {}
    events: Counter[tuple[int, str]] = Counter()
    for file in files:
        text = file.read_text(errors="replace", encoding="utf-8")
        name = NAMED.search(text)
        if name and name[3] == "whole" and name[4] in objects:
            pair = (int(name[1]), name[4])
            sums.setdefault(pair, Counter()).update(_costs(text, os.path.realpath(objects[name[4]])))
            events[pair] += int(name[2])
    return {pair: {line: cost / events[pair] for line, cost in costs.most_common(KEPT)} for pair, costs in sums.items()}


def _costs(text: str, library: str) -> dict[tuple[str, int], int]:
    """Own instructions of the lines of one object."""
    costs: dict[tuple[str, int], int] = {}
    inside = called = False
    file = ""
    for line in text.splitlines():
        kind, equals, value = line.partition("=")
        if line[:1].isdigit():
            # The row after a call is the cost of the callee.
            if inside and not called and file:
                number, *counts = line.split()
                if counts and number != "0":
                    costs[file, int(number)] = costs.get((file, int(number)), 0) + int(counts[0])
            called = False
        elif not equals:
            continue
        elif kind == "calls":
            called = True
        elif kind == "ob":
            inside = value == library
        elif kind in ("fl", "fi", "fe"):
            file = _in_repository(value)
    return costs


def _in_repository(file: str) -> str:
    found = _BEFORE.match(file)
    return os.path.normpath(file[found.end() :]) if found else file


def changed(before: Costs, after: Costs, old: Path, new: Path) -> list[ChangedLine]:
    """The lines that cost most more than they did, the costliest first, of sources in two folders: those of the sources
    before those of a compiler's own library, whose code was inlined into them."""
    moved = {file: _moved(str(old / file), str(new / file)) for file in {file for file, _ in before}}
    earlier: dict[tuple[str, int], float] = {}
    for (file, line), cost in before.items():
        place = (file, moved[file](line))
        earlier[place] = earlier.get(place, 0.0) + cost
    rises = sorted(((cost - earlier.get(place, 0.0), place) for place, cost in after.items()), reverse=True)
    found = []
    for outside in (False, True):
        group = [(rise, place) for rise, place in rises if os.path.isabs(place[0]) == outside]
        least = max(_LEAST, _SHARE * group[0][0]) if group else _LEAST
        for rise, (file, line) in group:
            if rise > least:
                texts = _lines(str(new / file))
                text = texts[line - 1].strip() if 0 < line <= len(texts) else ""
                cost = earlier.get((file, line), 0.0)
                found.append(ChangedLine(file, line, text, cost, cost + rise))
    return found[:SHOWN]


def _moved(old: str, new: str) -> Callable[[int], int]:
    """A function from a line's number before to its number after, or to that of the line that replaces it; a removed
    line gets a negative number, which no line has."""
    one, other = _lines(old), _lines(new)
    if not one and not other:
        # A file of a compiler's own library: its lines did not move.
        return lambda line: line
    places = {
        place + 1: min(begin + place - start, end - 1) + 1
        for _, start, stop, begin, end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
        if begin < end
        for place in range(start, stop)
    }
    return lambda line: places.get(line, -line)


@lru_cache(maxsize=64)
def _lines(file: str) -> tuple[str, ...]:
    try:
        return tuple(Path(file).read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return ()
