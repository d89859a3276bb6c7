"""The document of a profile: from costs of stacks to lines, functions, and costs without a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lobench.workbench.lines.model import Part, ProgramProfile
from lobench.workbench.lines.naming import NO_SOURCE, WRAPPER, hidden, readable, shown_from
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.running import Look
from lobench.workbench.profile.attribution import LIBRARY, Spent, Values, outside
from lobench.workbench.profile.codemap import Stack
from lobench.workbench.profile.model.costs import LineCost
from lobench.workbench.profile.rows import CostsOf, Name, ShareOf, functions, lines, stacks
from lobench.workbench.profile.sources import Sources


def document(program: Program, look: Look) -> tuple[ProgramProfile, Sources]:
    """The document, and the texts that its pages show."""
    name = shown_from(Path.cwd())
    spent = [
        Spent(tuple(map(readable, _shown(entry.stack))), entry.values) for entry in look.spent if not _of_python(entry)
    ]
    files = sorted({frame.file for entry in spent for frame in entry.stack})
    told = look.left.told
    sources = Sources(
        {name(file): file for file in files},
        {name(file): told.generated[file] for file in files if file in told.generated},
    )
    nothing = np.zeros(len(look.columns))
    whole = sum((entry.values for entry in spent), nothing)

    def costs(values: Values) -> dict[str, float]:
        return dict(zip(look.columns, (round(value) for value in values), strict=True))

    def share(values: Values) -> float:
        return float(values[0] / whole[0]) if whole[0] else 0.0

    def part(which: Callable[[Spent], bool]) -> Part:
        values = sum((entry.values for entry in spent if which(entry)), nothing)
        return Part(share(values), costs(values))

    found = ProgramProfile(
        tool=look.tool,
        program=program.title,
        exit_code=look.code,
        columns=look.columns,
        total=costs(whole),
        with_line=part(lambda entry: entry.place.line > 0),
        without_line=part(lambda entry: entry.place.line <= 0 and not _sourceless(entry)),
        without_source=part(_sourceless),
        processor=told.processor,
        forks=told.forks,
        regions=told.regions,
        **look.facts,
        functions=functions(spent, look.columns, costs, share, name),
        lines=_lines(spent, sources, costs, share, name),
        stacks=stacks(spent, name),
    )
    return found, sources


def _of_python(entry: Spent) -> bool:
    """Whether this was called by one of Numba's wrappers in Python, to read arguments and to make results."""
    return entry.stack[-1].file == LIBRARY and all(frame.file in ("", WRAPPER) for frame in entry.stack[:-1])


def _shown(stack: Stack) -> Stack:
    """A stack without Numba's own functions, whose cost is the caller's; with them if their caller is unknown, as with
    perf."""
    kept = outside(stack, hidden)
    return kept if any(frame.file != LIBRARY for frame in kept) else stack


def _sourceless(entry: Spent) -> bool:
    return entry.place.line <= 0 and hidden(entry.place.file)


def _lines(spent: list[Spent], sources: Sources, costs: CostsOf, share: ShareOf, name: Name) -> tuple[LineCost, ...]:
    """Of code without a line a row for each function, of code without a source one in all."""
    rows = lines([entry for entry in spent if entry.place.line > 0], sources, costs, share, name)
    rest: dict[tuple[str, str], Values] = {}
    for entry in spent:
        if entry.place.line <= 0:
            key = (NO_SOURCE, "") if _sourceless(entry) else (name(entry.place.file), entry.place.function)
            rest[key] = rest.get(key, 0.0) + entry.values
    for (file, function), values in rest.items():
        rows.append(LineCost(file, 0, function, "", share(values), share(values), costs(values)))
    return tuple(sorted(rows, key=lambda row: -row.share))
