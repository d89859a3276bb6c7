"""What one look at a program has that another has not, line by line, and as a flame graph (Gregg 2016, "Differential
flame graphs").

A line is the same if its file, function and text are, and it is the same one of those from the top: so a line that
only moved is not one removed and one added.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from lobench.engine.errors import UsageError
from lobench.workbench.lines.document import KIND, Document
from lobench.workbench.profile.flamegraph import Node, drawn, tree

NAME = "lines.json"
Key = tuple[str, str, str, int]
_FULL = 0.5
"""Change of a box, as part of the larger of its two values, that has the full colour."""


def saved(name: str) -> Document:
    """A document that ``lobench lines`` wrote: a file, or its folder. Raises UsageError for everything else."""
    path = Path(name)
    try:
        found = json.loads((path / NAME if path.is_dir() else path).read_text(encoding="utf-8"))
        if found["kind"] != KIND:
            raise KeyError(KIND)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{name}: not the lines of a program that `lobench lines` wrote") from error
    document: Document = found
    return document


def difference(before: Document, after: Document) -> Document:
    """Two documents of one tool as a document of kind ``lines-difference``: a row for every line that costs another
    number, largest change first. Raises UsageError for documents that cannot be compared."""
    if before["tool"] != after["tool"]:
        raise UsageError(f"counts and samples cannot be compared: {before['tool']} and {after['tool']}")
    columns = before["columns"]
    sides = [_keyed(side) for side in (before, after)]
    rows = []
    for key in {**sides[0], **sides[1]}:
        old, new = (side.get(key) for side in sides)
        known: Any = new or old
        values = {column: _change(old, new, column) for column in columns}
        if any(value["change"] for value in values.values()):
            what = "added" if old is None else "removed" if new is None else "changed"
            names = {name: known[name] for name in ("file", "line", "function", "text")}
            was = {"line_before": old["line"] if old else None}
            rows.append({**names, **was, "what": what, **values})
    rows.sort(key=lambda row: -abs(row[columns[0]]["change"]))
    total = {column: _change(before["total"], after["total"], column) for column in columns}
    return {
        "kind": "lines-difference",
        "format": before["format"],
        "tool": before["tool"],
        "before": before["program"],
        "after": after["program"],
        "columns": columns,
        "total": total,
        "lines": rows,
    }


def _change(old: Any, new: Any, column: str) -> dict[str, float]:
    first, second = old[column] if old else 0, new[column] if new else 0
    return {"before": first, "after": second, "change": second - first}


def _keyed(document: Document) -> dict[Key, dict[str, Any]]:
    counted: dict[tuple[str, str, str], int] = defaultdict(int)
    found = {}
    for row in sorted(document["lines"], key=lambda row: (row["file"], row["line"])):
        key = (row["file"], row["function"], row["text"])
        found[*key, counted[key]] = row
        counted[key] += 1
    return found


def flame_graphs(before: Document, after: Document) -> dict[str, str]:
    """File name to SVG text. ``flame.after.svg`` is as wide as what the new one costs, ``flame.before.svg``, which
    shows what has gone, as the old one; red costs more than it did, blue less."""
    old, new = tree(before, 0), tree(after, 0)
    what = f"{before['columns'][0]}, {before['program']} -> {after['program']}"
    _coloured(old, new, grown=-1)
    before_graph = drawn(old, f"{what}: as before; red has grown, blue has shrunk")
    old = tree(before, 0)
    _coloured(new, old, grown=1)
    return {
        "flame.before.svg": before_graph,
        "flame.after.svg": drawn(new, f"{what}: as after; red has grown, blue has shrunk"),
    }


def _coloured(node: Node, other: Node | None, grown: int) -> None:
    """Colour a tree by what each box has beyond its twin; ``grown`` is 1 if this is the new one."""
    twin = other.value if other else 0.0
    change = grown * (node.value - twin)
    strength = min(1.0, abs(change) / max(node.value, twin) / _FULL) if change else 0.0
    node.colour = f"hsl({0 if change > 0 else 215},{80 * strength:.0f}%,{88 - 25 * strength:.0f}%)"
    node.hint = f"{node.hint}, {change:+,.0f}"
    for key, child in node.below.items():
        _coloured(child, other.below.get(key) if other else None, grown)
