"""The rows of a document that every program has: functions, lines, stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lobench.workbench.profile.attribution import Spent, Values, group, totals
from lobench.workbench.profile.model.costs import FunctionCost, LineCost, StackCost, Stacks
from lobench.workbench.profile.sources import Sources, shown

CostsOf = Callable[[Values], dict[str, float]]
"""Values by column."""
ShareOf = Callable[[Values], float]
Name = Callable[[str], str]
"""How a file is shown."""


def functions(
    spent: Sequence[Spent], columns: Sequence[str], costs: CostsOf, share: ShareOf, name: Name = shown
) -> tuple[FunctionCost, ...]:
    """The cost of each function, alone and with its callees; the costliest first."""
    own = group(spent, lambda entry: (entry.stack[-1].function, name(entry.stack[-1].file)))
    below = totals(spent, lambda frame: (frame.function, name(frame.file)))
    nothing = np.zeros(len(columns))
    rows = [
        FunctionCost(
            function,
            file,
            share(own.get((function, file), nothing)),
            share(below[function, file]),
            costs(own.get((function, file), nothing)),
        )
        for function, file in below
    ]
    return tuple(sorted(rows, key=lambda row: -row.costs[columns[0]]))


def lines(
    spent: Sequence[Spent], sources: Sources, costs: CostsOf, share: ShareOf, name: Name = shown
) -> list[LineCost]:
    """The cost of each line, alone and with its callees; the costliest first."""
    own = group(spent, lambda entry: (name(entry.place.file), entry.place.line))
    below = totals(spent, lambda frame: (name(frame.file), frame.line))
    of = {(name(frame.file), frame.line): frame.function for entry in spent for frame in entry.stack}
    return [
        LineCost(
            file,
            line,
            of[file, line],
            sources.text(file, line),
            share(values),
            share(below[file, line]),
            costs(values),
        )
        for (file, line), values in own.items()
    ]


def stacks(spent: Sequence[Spent], name: Name = shown) -> Stacks:
    """Frames once, and for each stack its frames' places in that list and its values."""
    frames: dict[tuple[str, str, int], int] = {}
    rows = []
    for entry in spent:
        places = tuple(
            frames.setdefault((frame.function, name(frame.file), frame.line), len(frames)) for frame in entry.stack
        )
        rows.append(StackCost(places, tuple(map(float, entry.values))))
    return Stacks(tuple(frames), tuple(rows))
