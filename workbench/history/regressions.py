"""The plain list of regressions: which series, at which commit, by how much, and who says so.

A rise of the exact instruction count is a regression by itself, unless the commit takes less time for it. A step in
time is one if asv and Otava both see it; where they disagree it is shown as disputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lobench.workbench.commits.findings import MOVED, ONE_ACTION, changed
from lobench.workbench.commits.measuring import BY_ACTION, INSTRUCTIONS
from lobench.workbench.history.acknowledged import Acknowledgement
from lobench.workbench.history.changepoints import Step, asv_steps, otava_steps
from lobench.workbench.history.series import Series
from lobench.workbench.history.store import History
from lobench.workbench.results.model.verdict import FASTER, SLOWER

LEAST_TIME = 0.015
"""Smallest step in time that is looked for; more where the sessions' noise floor is higher."""
LEAST_INSTRUCTIONS = 0.005
"""Smallest rise of instructions per event that is a regression."""
NEAR = 2
"""A step in time so many points from one in instructions is the same one: the exact count says where."""


@dataclass(frozen=True)
class Regression:
    """One series got worse at one commit. ``size``: by what fraction more it takes than before, in instructions or in
    time, whichever rose more; ``of`` says which. ``paired`` is the speed against the commit before, measured in turns,
    with its interval: above 1 is faster. ``recovered``: the later commit that took the step back. ``files``
    changed, and ``lines`` are those whose instructions rose most."""

    feed: str
    variant: str
    commit: str
    subject: str
    size: float
    of: str
    instructions: float | None
    paired: dict[str, float] | None
    counters: tuple[str, ...]
    found_by: tuple[str, ...]
    disputed: bool
    acknowledged: str | None
    recovered: str | None = None
    files: tuple[str, ...] = ()
    lines: tuple[dict[str, Any], ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it makes the exit code 1."""
        return not self.disputed and self.acknowledged is None and self.recovered is None

    @property
    def state(self) -> str:
        """Whether somebody should look, for a person."""
        if self.acknowledged:
            return f"acknowledged: {self.acknowledged}"
        if self.recovered:
            return f"recovered by {self.recovered[:8]}"
        return "disputed" if self.disputed else "REGRESSION"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "series": {"feed": self.feed, "variant": self.variant},
            "commit": self.commit,
            "subject": self.subject,
            "size": self.size,
            "of": self.of,
            "ratio": self.paired,
            "instructions_change": self.instructions,
            "counters_moved": list(self.counters),
            "found_by": list(self.found_by),
            "disputed": self.disputed,
            "acknowledged": self.acknowledged,
            "recovered_by": self.recovered,
            "files_changed": list(self.files),
            "lines": list(self.lines),
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
    exact = [step for step in _exact_steps(series.instructions()) if step.change > LEAST_INSTRUCTIONS]
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
        names = found[index]
        one_alone = INSTRUCTIONS not in names and otava is not None and len(names) < len(detectors)
        rows.append(_row(history, series, sizes[index], names, one_alone, acknowledged))
    return rows


def _exact_steps(values: Sequence[float | None]) -> list[Step]:
    """Every change of an exact count between neighbours."""
    return [
        Step(index, before, after)
        for index, (before, after) in enumerate(pairwise(values), start=1)
        if before and after is not None and abs(after / before - 1) > MOVED
    ]


def _action_steps(series: Series, known: set[int]) -> list[Step]:
    """Rises of one kind of action's instructions, however rare it is, where those of all did not fall."""
    whole = {step.index: step.change for step in _exact_steps(series.instructions())}
    found: dict[int, Step] = {}
    for kind in sorted({kind for point in series.points for kind in point["exact"] if kind.startswith(BY_ACTION)}):
        for step in _exact_steps([point["exact"].get(kind) for point in series.points]):
            larger = step.index not in found or step.change > found[step.index].change
            if step.index not in known and step.change > ONE_ACTION and whole.get(step.index, 0.0) > -MOVED and larger:
                found[step.index] = Step(step.index, step.before, step.after, kind)
    return list(found.values())


def _nearest(index: int, found: dict[int, set[str]], exact: Sequence[Step]) -> int:
    """The step that a step in time is: the largest exact one nearby, else what another detector put beside it."""
    near = [step for step in exact if abs(step.index - index) <= NEAR]
    if near:
        return max(near, key=lambda step: step.change).index
    beside = [other for other in found if abs(other - index) <= 1]
    return min(beside, key=lambda other: abs(other - index), default=index)


def _paired(history: History, series: Series, index: int) -> dict[str, Any] | None:
    """The finding of a commit against the one before it."""
    against = history.points[series.commits[index]]["against"]
    if against is None:
        return None
    own = (one for one in against["findings"] if (one["feed"], one["variant"]) == (series.feed, series.variant))
    return next(own, None)


def _timing(history: History, series: Series, index: int) -> str:
    finding = _paired(history, series, index)
    return str(finding["timing"]) if finding else ""


def _row(
    history: History,
    series: Series,
    step: Step,
    names: set[str],
    one_alone: bool,
    acknowledged: Sequence[Acknowledgement],
) -> Regression:
    index = step.index
    commit = series.commits[index]
    finding = _paired(history, series, index) or {}
    before, after = series.points[index - 1]["exact"], series.points[index]["exact"]
    counts = series.instructions()[index - 1 : index + 1]
    reason = next((one.reason for one in acknowledged if one.covers(commit, series.variant, series.feed)), None)
    size, of = step.change, (step.of or INSTRUCTIONS) if INSTRUCTIONS in names else "time"
    if finding.get("timing") == SLOWER and finding["ratio"] and 1 / finding["ratio"]["value"] - 1 > size:
        size, of = 1 / finding["ratio"]["value"] - 1, "time"
    return Regression(
        feed=series.feed,
        variant=series.variant,
        commit=commit,
        subject=history.points[commit]["subject"],
        size=size,
        of=of,
        instructions=counts[1] / counts[0] - 1 if counts[0] and counts[1] is not None else None,
        paired=finding.get("ratio"),
        counters=tuple(sorted(_moved(before, after))),
        found_by=tuple(name for name in (INSTRUCTIONS, "asv", "otava") if name in names),
        disputed=one_alone,
        acknowledged=reason,
        recovered=_recovery(series, step, INSTRUCTIONS in names),
        files=tuple((history.points[commit]["against"] or {}).get("files", ())),
        lines=tuple(finding.get("lines", ())),
    )


def _recovery(series: Series, step: Step, exact: bool) -> str | None:
    """The later commit with which a series was back where it was before a step: by the count that rose, or in time for
    good."""
    if exact:
        kind = step.of or INSTRUCTIONS
        values = [point["exact"].get(kind) for point in series.points]
        later = range(step.index + 1, len(values))
        back = (place for place in later if values[place] is not None and values[place] <= step.before * (1 + MOVED))
    else:
        least = max(LEAST_TIME, series.floor)
        times = series.times
        # The last point alone may be luck.
        later = range(step.index + 1, len(times) - 1)
        back = (place for place in later if max(times[place : place + 2]) < step.before * (1 + least))
    place = next(back, None)
    return None if place is None else series.commits[place]


def _moved(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Mechanism counters that changed, and kinds of action whose instructions did."""
    kinds = {*before, *after} - {INSTRUCTIONS}
    return [kind for kind in kinds if changed(before.get(kind, 0.0), after.get(kind, 0.0))]
