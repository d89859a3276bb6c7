"""The difference between two variants' profiles, line by line: the lines that a phase removed and added."""

from __future__ import annotations

from lobench.engine.errors import UsageError
from lobench.workbench.profile.model.costs import Profile
from lobench.workbench.profile.model.difference import (
    Both,
    Difference,
    MechanismChange,
    StageChange,
    StagedChange,
    Tunings,
)
from lobench.workbench.profile.pairing import compared, pairs


def difference(before: Profile, after: Profile) -> Difference:
    """Settings in which two profiles by one tool of one feed differ.

    ``stages`` and ``mechanisms`` have the first column ``before`` and ``after``; a mechanism is an axis, with the names
    of its two policies. ``lines`` has a row for every line of either, largest change first, with each column
    ``before``, ``after`` and their ``change``, per event; ``what`` is removed (only before), added (only after) or
    changed. An engine from outside and a variant have no line in common, and the one has no mechanisms: they are
    compared by stages. Raises UsageError for profiles that cannot be compared.
    """
    for key in ("tool", "feed", "columns"):
        old, new = getattr(before, key), getattr(after, key)
        if old != new:
            told = [list(value) if isinstance(value, tuple) else value for value in (old, new)]
            raise UsageError(f"profiles of different {key} cannot be compared: {told[0]} and {told[1]}")
    first = before.columns[0]
    alike = (before.engine is None) == (after.engine is None)
    return Difference(
        format=before.format,
        tool=before.tool,
        feed=before.feed,
        before=before.variant,
        after=after.variant,
        tuning=Tunings(before.tuning, after.tuning),
        columns=before.columns,
        per_event={column: Both(before.per_event[column], after.per_event[column]) for column in before.columns},
        stages=_stages(before, after, first),
        mechanisms=_mechanisms(before, after, first) if alike else (),
        lines=_lines(before, after, first) if alike else (),
    )


def _lines(before: Profile, after: Profile, first: str) -> tuple[StagedChange, ...]:
    # Generated text has the same name but different lines in each variant.
    rows = []
    for pair in pairs(before.lines, after.lines, lambda file: file.startswith("<")):
        known, what, costs = compared(*pair, before.columns)
        if what != "changed" or any(one.change for one in costs.values()):
            rows.append(StagedChange(known.file, known.line, known.function, known.text, what, costs, known.stage))
    return tuple(sorted(rows, key=lambda row: -abs(row.costs[first].change)))


def _stages(before: Profile, after: Profile, column: str) -> tuple[StageChange, ...]:
    old, new = ({row.stage: row.costs[column] for row in side.stages} for side in (before, after))
    return tuple(StageChange(stage, old.get(stage, 0.0), new.get(stage, 0.0)) for stage in {**old, **new})


def _mechanisms(before: Profile, after: Profile, column: str) -> tuple[MechanismChange, ...]:
    """Of every axis with a cost in either; axis None is shared by all variants."""
    old, new = ({row.axis: row.costs[column] for row in side.mechanisms} for side in (before, after))

    def policies(axis: str | None) -> tuple[str | None, ...]:
        return tuple(None if axis is None else side.policies.get(axis) for side in (before, after))

    return tuple(
        MechanismChange(axis, policies(axis), old.get(axis, 0.0), new.get(axis, 0.0)) for axis in {**old, **new}
    )
