"""The document of a look: what each line of a program cost, as plain values (docs/lines.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lobench.workbench.lines.naming import NO_SOURCE, hidden, readable, shown_from
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.running import Look
from lobench.workbench.profile.attribution import LIBRARY, Spent, outside
from lobench.workbench.profile.rows import functions, lines, stacks
from lobench.workbench.profile.sources import Sources

KIND, FORMAT = "lines", 1
Document = dict[str, Any]


def document(program: Program, look: Look) -> tuple[Document, Sources]:
    """The document, and the texts that its pages show."""
    name = shown_from(Path.cwd())
    spent = [
        Spent(tuple(map(readable, outside(entry.stack, hidden))), entry.values)
        for entry in look.spent
        if not _of_python(entry)
    ]
    files = sorted({frame.file for entry in spent for frame in entry.stack})
    generated = look.left.facts["generated"]
    sources = Sources(
        {name(file): file for file in files}, {name(file): generated[file] for file in files if file in generated}
    )
    whole = sum((entry.values for entry in spent), np.zeros(len(look.columns)))

    def costs(values: Any) -> dict[str, float]:
        return dict(zip(look.columns, (round(value) for value in values), strict=True))

    def share(values: Any) -> float:
        return float(values[0] / whole[0]) if whole[0] else 0.0

    def part(which: Any) -> dict[str, float]:
        values = sum((entry.values for entry in spent if which(entry)), np.zeros(len(look.columns)))
        return {"share": share(values), **costs(values)}

    found = {
        "kind": KIND,
        "format": FORMAT,
        "tool": look.tool,
        "program": program.title,
        "exit_code": look.code,
        "columns": list(look.columns),
        "total": costs(whole),
        "with_line": part(lambda entry: entry.place.line > 0),
        "without_line": part(lambda entry: entry.place.line <= 0 and not _sourceless(entry)),
        "without_source": part(_sourceless),
        **{key: look.left.facts[key] for key in ("processor", "forks", "regions") if key in look.left.facts},
        **look.facts,
        "functions": functions(spent, look.columns, costs, share, name),
        "lines": _lines(spent, sources, costs, share, name),
        "stacks": stacks(spent, name),
    }
    return found, sources


def _of_python(entry: Spent) -> bool:
    """Whether this is what a wrapper of Numba's called in Python, to read arguments and to make results."""
    return entry.stack[-1].file == LIBRARY and all(hidden(frame.file) for frame in entry.stack[:-1])


def _sourceless(entry: Spent) -> bool:
    return entry.place.line <= 0 and hidden(entry.place.file)


def _lines(spent: list[Spent], sources: Sources, costs: Any, share: Any, name: Any) -> list[dict[str, Any]]:
    """Of code without a line a row for each function, of code without a source one in all."""
    placed = [entry for entry in spent if entry.place.line > 0]
    rows = lines(placed, sources, costs, share, name)
    rest: dict[tuple[str, str], Any] = {}
    for entry in spent:
        if entry.place.line <= 0:
            key = ("", NO_SOURCE) if _sourceless(entry) else (entry.place.function, name(entry.place.file))
            rest[key] = rest.get(key, 0.0) + entry.values
    for (function, file), values in rest.items():
        own = share(values)
        rows.append(
            {
                "file": file,
                "line": 0,
                "function": function,
                "text": "",
                "share": own,
                "total_share": own,
                **costs(values),
            }
        )
    return sorted(rows, key=lambda row: -float(row["share"]))
