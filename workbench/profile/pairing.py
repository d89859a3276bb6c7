"""Pairs equal lines of two documents, with the difference in their costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lobench.workbench.profile.model.costs import LineCost
from lobench.workbench.profile.model.difference import Changed, LineChange

Line = TypeVar("Line", bound=LineCost)

_LEAST = 0.01
"""Of all gains and losses of a function's lines, the share that may remain if they only exchanged costs."""


def pairs(
    before: Sequence[Line], after: Sequence[Line], may_move: Callable[[str], bool]
) -> Iterator[tuple[Line | None, Line | None]]:
    """Each line of either with its twin: of the same file, number and text, or else, in a file that ``may_move``, of
    the same function and text, where there are several in their order."""
    old, new = ({_key(row): row for row in side} for side in (before, after))
    both = old.keys() & new.keys()
    waiting: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for key, row in sorted(old.items()):
        if key not in both:
            waiting[row.file, row.function, row.text].append(row)
    for key, row in sorted(new.items()):
        if key in both:
            yield old[key], row
            continue
        twins = waiting[row.file, row.function, row.text] if row.text and may_move(row.file) else []
        yield (twins.pop(0) if twins else None), row
    for rows in waiting.values():
        yield from ((row, None) for row in rows)


def _key(row: LineCost) -> tuple[str, int, str, str]:
    return row.file, row.line, "" if row.line else row.function, row.text


def change(old: Mapping[str, float] | None, new: Mapping[str, float] | None, column: str) -> Changed:
    """A column of both sides; None if a side has no such line."""
    was, now = (side[column] if side is not None else 0 for side in (old, new))
    return Changed(was, now, now - was)


def compared(old: Line | None, new: Line | None, columns: Sequence[str]) -> tuple[Line, str, dict[str, Changed]]:
    """The line, its change, and its additional cost in each column."""
    known = new or old
    assert known is not None
    what = "added" if old is None else "removed" if new is None else "changed"
    was, now = old.costs if old else None, new.costs if new else None
    return known, what, {column: change(was, now, column) for column in columns}


@dataclass(frozen=True, slots=True)
class Exchange:
    """Lines of a function that exchanged costs: some cost as much less as others cost more. ``moved``: the exchanged
    amount; ``change``: what remains."""

    file: str
    function: str
    lines: int
    moved: float
    change: float


def exchanges(rows: Sequence[LineChange], column: str) -> tuple[list[LineChange], list[Exchange]]:
    """Rows of changed lines, and the functions whose lines only exchanged their costs: a compiler that orders and joins
    instructions differently puts them on other lines of the same source."""
    functions: dict[tuple[str, str], list[LineChange]] = defaultdict(list)
    for row in rows:
        functions[row.file, row.function].append(row)
    found = []
    for (file, function), own in functions.items():
        changes = [row.costs[column].change for row in own]
        gained, lost = sum(one for one in changes if one > 0), -sum(one for one in changes if one < 0)
        if gained and lost and abs(gained - lost) <= _LEAST * (gained + lost):
            found.append(Exchange(file, function, len(own), min(gained, lost), gained - lost))
    folded = {(one.file, one.function) for one in found}
    return [row for row in rows if (row.file, row.function) not in folded], found
