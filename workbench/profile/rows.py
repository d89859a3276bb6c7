"""The rows of a profile document that every program has: functions, lines, stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lobench.workbench.profile.attribution import Spent, group, totals
from lobench.workbench.profile.sources import Sources, shown

Costs = Callable[[Any], dict[str, float]]
"""Values by column."""
Share = Callable[[Any], float]


def functions(
    spent: Sequence[Spent], columns: Sequence[str], costs: Costs, share: Share, name: Callable[[str], str] = shown
) -> list[dict[str, Any]]:
    """What each function cost by itself, and with what it called; ``name`` is how a file is shown."""
    own = group(spent, lambda entry: (entry.stack[-1].function, name(entry.stack[-1].file)))
    below = totals(spent, lambda frame: (frame.function, name(frame.file)))
    nothing = np.zeros(len(columns))
    rows = [
        {
            "function": function,
            "file": file,
            "share": share(own.get((function, file), nothing)),
            "total_share": share(below[function, file]),
            **costs(own.get((function, file), nothing)),
        }
        for function, file in below
    ]
    return sorted(rows, key=lambda row: -float(row[columns[0]]))


def lines(
    spent: Sequence[Spent], sources: Sources, costs: Costs, share: Share, name: Callable[[str], str] = shown
) -> list[dict[str, Any]]:
    """What each line cost by itself, and with what it called."""
    own = group(spent, lambda entry: (name(entry.place.file), entry.place.line))
    below = totals(spent, lambda frame: (name(frame.file), frame.line))
    of = {(name(frame.file), frame.line): frame.function for entry in spent for frame in entry.stack}
    return [
        {
            "file": file,
            "line": line,
            "function": of[file, line],
            "text": sources.text(file, line),
            "share": share(values),
            "total_share": share(below[file, line]),
            **costs(values),
        }
        for (file, line), values in own.items()
    ]


def stacks(spent: Sequence[Spent], name: Callable[[str], str] = shown) -> dict[str, Any]:
    """Frames once, and for each stack its frames' places in that list and its values."""
    frames: dict[tuple[str, str, int], int] = {}
    rows = []
    for entry in spent:
        places = [
            frames.setdefault((frame.function, name(frame.file), frame.line), len(frames)) for frame in entry.stack
        ]
        rows.append({"stack": places, "values": [float(value) for value in entry.values]})
    return {"frames": [list(frame) for frame in frames], "rows": rows}
