"""The difference between two profiles of a program, line by line, and as a flame graph (Gregg 2016, "Differential flame
graphs")."""

from __future__ import annotations

import json
from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.workbench.lines.model import KIND, ProgramChange, ProgramDifference, ProgramProfile
from lobench.workbench.profile.flamegraph import Node, drawn, tree
from lobench.workbench.profile.pairing import change, compared, pairs
from lobench.workbench.results.conversion import from_json

NAME = "lines.json"
_FULL = 0.5
"""Change of a box, as part of the larger of its two values, that has the full colour."""


def saved(name: str) -> ProgramProfile:
    """A document that ``lobench lines`` wrote: a file, or its folder. Raises UsageError for everything else."""
    path = Path(name)
    try:
        found = json.loads((path / NAME if path.is_dir() else path).read_text(encoding="utf-8"))
        if found["kind"] != KIND:
            raise KeyError(KIND)
        return from_json(ProgramProfile, found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{name}: not written by `lobench lines`") from error


def difference(before: ProgramProfile, after: ProgramProfile) -> ProgramDifference:
    """The difference of two profiles by one tool: a row for every line whose cost changed, largest change first. A line
    that only moved is the same line. Raises UsageError for documents that cannot be compared."""
    if before.tool != after.tool:
        raise UsageError(f"counts and samples cannot be compared: {before.tool} and {after.tool}")
    columns = before.columns
    rows = []
    for old, new in pairs(before.lines, after.lines, lambda file: True):
        known, what, costs = compared(old, new, columns)
        if any(value.change for value in costs.values()):
            line_before = old.line if old else None
            rows.append(ProgramChange(known.file, known.line, known.function, known.text, what, costs, line_before))
    return ProgramDifference(
        tool=before.tool,
        before=before.program,
        after=after.program,
        columns=columns,
        total={column: change(before.total, after.total, column) for column in columns},
        lines=tuple(sorted(rows, key=lambda row: -abs(row.costs[columns[0]].change))),
    )


def flame_graphs(before: ProgramProfile, after: ProgramProfile) -> dict[str, str]:
    """File name to SVG text. ``flame.after.svg`` has the widths of the new costs, ``flame.before.svg``, which shows
    removed code, those of the old ones; red costs more than before, blue less."""
    what = f"{before.columns[0]}, {before.program} -> {after.program}"
    graphs = {}
    for name, own, other, grown in (("before", before, after, -1), ("after", after, before, 1)):
        root = tree(own, 0)
        _coloured(root, tree(other, 0), grown)
        graphs[f"flame.{name}.svg"] = drawn(root, f"{what}: as {name}; red has grown, blue has shrunk", alive=True)
    return graphs


def _coloured(node: Node, other: Node | None, grown: int) -> None:
    """Colour a tree by the excess of each box over its twin; ``grown`` is 1 for the new one."""
    twin = other.value if other else 0.0
    more = grown * (node.value - twin)
    strength = min(1.0, abs(more) / max(node.value, twin) / _FULL) if more else 0.0
    node.colour = f"hsl({0 if more > 0 else 215},{80 * strength:.0f}%,{88 - 25 * strength:.0f}%)"
    node.hint = f"{node.hint}, {more:+,.0f}"
    for key, child in node.below.items():
        _coloured(child, other.below.get(key) if other else None, grown)
