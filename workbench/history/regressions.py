"""The plain list of regressions: which series, at which commit, by how much, and who says so.

A rise of the exact instruction count is a regression by itself, unless the commit takes less time for it. A step in
time is one if asv and Otava both see it; where they disagree it is shown as disputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from lobench.workbench.commits.findings import MOVED, ONE_ACTION, changed, sure_change
from lobench.workbench.commits.measuring import BY_ACTION, INSTRUCTIONS
from lobench.workbench.history.acknowledged import Acknowledgement
from lobench.workbench.history.changepoints import Step, asv_steps, otava_steps
from lobench.workbench.history.points import Compared, How, Recorded
from lobench.workbench.history.series import Series
from lobench.workbench.history.store import History
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import FASTER, SLOWER
from lobench.workbench.summaries.model import Place

LEAST_TIME = 0.015
"""Smallest step in time that is looked for; more where the sessions' noise floor is higher."""
LEAST_INSTRUCTIONS = 0.005
"""Smallest rise of instructions per event that is a regression."""
NEAR = 2
"""Greatest distance in points between a step in time and one in instructions that are the same regression."""


@dataclass(frozen=True)
class Regression:
    """One series got worse at one commit. ``size``: the fraction by which it rose, in instructions or in time,
    whichever rose more; ``of`` says which. ``paired`` is the speed against the commit before, measured in turns, with
    its interval: above 1 is faster. ``recovered``: the later commit at which the series returned to its level, or
    better. ``against``: the commit that it was measured against; ``files`` changed since that, and ``lines`` are those
    that cost more, if they were counted."""

    feed: str
    variant: str
    commit: str
    subject: str
    size: float
    of: str
    instructions: float | None
    paired: Interval | None
    counters: tuple[str, ...]
    found_by: tuple[str, ...]
    disputed: bool
    acknowledged: str | None
    recovered: str | None = None
    against: str | None = None
    files: tuple[str, ...] = ()
    lines: tuple[Place, ...] = ()
    how: How = field(default_factory=How)
    """The options of the recording commands, as stored in the history."""

    @property
    def counts(self) -> bool:
        """Whether it makes the exit code 1."""
        return not self.disputed and self.acknowledged is None and self.recovered is None

    @property
    def state(self) -> str:
        """The state of it, in a few words."""
        if self.acknowledged is not None:
            return f"acknowledged: {self.acknowledged}"
        if self.recovered is not None:
            return f"recovered by {self.recovered[:8]}"
        return "disputed" if self.disputed else "to look at"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "series": {"feed": self.feed, "variant": self.variant},
            "commit": self.commit,
            "subject": self.subject,
            "size": self.size,
            "of": self.of,
            "ratio": self.paired and asdict(self.paired),
            "instructions_change": self.instructions,
            "counters_moved": list(self.counters),
            "found_by": list(self.found_by),
            "disputed": self.disputed,
            "acknowledged": self.acknowledged,
            "recovered_by": self.recovered,
            "against": self.against,
            "files_changed": list(self.files),
            "lines": [asdict(line) for line in self.lines],
        }


def regressions(
    history: History, series: Sequence[Series], acknowledged: Sequence[Acknowledgement] = ()
) -> list[Regression]:
    """All regressions, in the order of feeds, variants and commits."""
    return [found for one in series for found in _of_series(history, one, acknowledged)]


def _of_series(history: History, series: Series, acknowledged: Sequence[Acknowledgement]) -> list[Regression]:
    least = max(LEAST_TIME, series.floor)
    otava = otava_steps(series.times, least)
    detectors = {"asv": asv_steps(series.times, series.weights, least), "otava": otava or []}
    exact = [step for step in _exact_steps(series) if _sure_change(series, step) > LEAST_INSTRUCTIONS]
    exact += _action_steps(series, {step.index for step in exact})
    exact = [step for step in exact if _timing(history, series, step.index) != FASTER]
    found: dict[int, set[str]] = {step.index: {INSTRUCTIONS} for step in exact}
    for name, steps in detectors.items():
        for step in steps:
            if step.change > 0:
                found.setdefault(_nearest(step.index, found, exact), set()).add(name)
    sizes = {step.index: step for steps in (*detectors.values(), exact) for step in steps}
    rows = []
    for index in sorted(found):
        names, step = found[index], sizes[index]
        one_alone = INSTRUCTIONS not in names and otava is not None and len(names) < len(detectors)
        counted = INSTRUCTIONS in names
        back = _exact_recovery(series, step) if counted else _recovery(series, step, detectors["asv"], least)
        rows.append(_row(history, series, step, names, one_alone, acknowledged, back))
    return rows


def _exact_steps(series: Series, kind: str = INSTRUCTIONS) -> list[Step]:
    """Every change of an exact count between neighbours that were made alike."""
    return [
        Step(index, before, after, kind)
        for index, (before, after) in enumerate(pairwise(series.counts(kind)), start=1)
        if before and after is not None and abs(after / before - 1) > MOVED and series.comparable(index)
    ]


def _action_steps(series: Series, known: set[int]) -> list[Step]:
    """Sure rises of the instructions of one kind of action, however rare it is, at points where the total did not
    surely fall."""
    whole = {step.index: _sure_change(series, step) for step in _exact_steps(series)}
    found: dict[int, Step] = {}
    for kind in sorted({kind for point in series.points for kind in point.exact if kind.startswith(BY_ACTION)}):
        for step in _exact_steps(series, kind):
            larger = step.index not in found or step.change > found[step.index].change
            sure = _sure_change(series, step)
            if step.index not in known and sure > ONE_ACTION and whole.get(step.index, 0.0) > -MOVED and larger:
                found[step.index] = step
    return list(found.values())


def _sure_change(series: Series, step: Step) -> float:
    """The sure change of an exact count at its step."""
    return sure_change(step.before, step.after, series.spreads(step.index - 1, step.index, step.of or INSTRUCTIONS))


def _nearest(index: int, found: dict[int, set[str]], exact: Sequence[Step]) -> int:
    """The step behind a step in time: the largest exact one nearby, else that of another detector."""
    near = [step for step in exact if abs(step.index - index) <= NEAR]
    if near:
        return max(near, key=lambda step: step.change).index
    beside = [other for other in found if abs(other - index) <= 1]
    return min(beside, key=lambda other: abs(other - index), default=index)


def _recorded(history: History, commit: str) -> Recorded:
    found = history.at(commit)
    assert found is not None, "a series has only recorded commits"
    return found


def _paired(recorded: Recorded, series: Series) -> Compared | None:
    """The finding of a commit against the one before it."""
    return recorded.against.of_series(series.feed, series.variant) if recorded.against else None


def _timing(history: History, series: Series, index: int) -> str:
    finding = _paired(_recorded(history, series.commits[index]), series)
    return finding.timing if finding else ""


def _row(
    history: History,
    series: Series,
    step: Step,
    names: set[str],
    one_alone: bool,
    acknowledged: Sequence[Acknowledgement],
    recovered: str | None,
) -> Regression:
    index = step.index
    commit = series.commits[index]
    recorded = _recorded(history, commit)
    finding = _paired(recorded, series)
    counts = series.instructions()[index - 1 : index + 1]
    reason = next((one.reason for one in acknowledged if one.covers(commit, series.variant, series.feed)), None)
    paired = finding.speed if finding else None
    size, of = step.change, (step.of or INSTRUCTIONS) if INSTRUCTIONS in names else "time"
    # If both print the same, show the time.
    if finding and finding.timing == SLOWER and paired and 1 / paired.value - 1 > size - 0.0005:
        size, of = 1 / paired.value - 1, "time"
    against = recorded.against
    return Regression(
        feed=series.feed,
        variant=series.variant,
        commit=commit,
        subject=recorded.subject,
        size=size,
        of=of,
        instructions=counts[1] / counts[0] - 1 if counts[0] and counts[1] is not None else None,
        paired=paired,
        counters=tuple(sorted(_moved(series, index))),
        found_by=tuple(name for name in (INSTRUCTIONS, "asv", "otava") if name in names),
        disputed=one_alone,
        acknowledged=reason,
        recovered=recovered,
        against=against.commit if against else None,
        files=against.files if against else (),
        lines=finding.lines if finding else (),
        how=recorded.how,
    )


def _exact_recovery(series: Series, step: Step) -> str | None:
    """The first later commit at which the count that rose was no larger than before."""
    kind = step.of or INSTRUCTIONS
    for place in range(step.index + 1, len(series.points)):
        now = series.points[place].exact.get(kind)
        left = sure_change(step.before, now, series.spreads(step.index - 1, place, kind))
        if now is not None and left <= LEAST_INSTRUCTIONS:
            return series.commits[place]
    return None


def _recovery(series: Series, step: Step, steps: Sequence[Step], least: float) -> str | None:
    """The first later commit at which the time fell back to its earlier value, or below."""
    later = (one for one in steps if one.index > step.index and one.after <= step.before * (1 + least))
    return next((series.commits[one.index] for one in later), None)


def _moved(series: Series, index: int) -> list[str]:
    """Mechanism counters that changed, and kinds of action whose instructions did."""
    before, after = (series.points[place].exact for place in (index - 1, index))
    kinds = {*before, *after} - {INSTRUCTIONS}
    return [
        kind
        for kind in kinds
        if changed(before.get(kind, 0.0), after.get(kind, 0.0), spreads=series.spreads(index - 1, index, kind))
    ]
