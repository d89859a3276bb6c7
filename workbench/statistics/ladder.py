"""The rungs of the ladder: each variant's throughput, its gains over the step before and over the reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lobench.workbench.plan import Prediction, grade
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import SHOWN
from lobench.workbench.statistics.controls import Control, floor_between
from lobench.workbench.statistics.intervals import Estimate, estimate
from lobench.workbench.statistics.samples import Timings
from lobench.workbench.statistics.verdicts import floor_of, holm, next_threshold, verdict

SMALL = 0.01
"""A difference below this may come from the layout of the machine code (docs/statistics.md)."""
LEAST_LAYOUTS = 3


@dataclass(frozen=True)
class Comparisons:
    """The comparisons between variants of a session by its two clocks. ``control`` is ``reference`` under another name;
    ``same``: every name that is the same kernel as another one, to that one."""

    cpu: Timings
    wall: Timings
    reference: str
    control: str
    same: Mapping[str, str] = field(default_factory=dict)
    laid_out: Collection[str] = ()
    """Variants with a new layout of their machine code in each process."""

    def compare(self, variant: str, base: str, *, wall: bool = False) -> Estimate:
        """How many times faster ``variant`` is than ``base``, on the log scale."""
        timings = self.wall if wall else self.cpu
        units = timings.units()
        return estimate(units[:, timings.column(base)] - units[:, timings.column(variant)])

    def events_per_second(self, variant: str) -> Interval:
        """Throughput of one worker, in CPU time."""
        return estimate(-self.cpu.units()[:, self.cpu.column(variant)]).ratio(1e9)

    @property
    def floor(self) -> float:
        """The noise floor of the reference and its double."""
        return floor_of(self.compare(self.control, self.reference))

    @cached_property
    def controls(self) -> list[Control]:
        """Every identical pair, the reference's first."""
        pairs = {self.control: self.reference, **self.same}
        found = []
        for name, of in pairs.items():
            estimate = self.compare(name, of)
            found.append(
                Control(name, of, estimate, floor_of(estimate), (self._log_time(name) + self._log_time(of)) / 2)
            )
        return found

    def floor_for(self, variant: str, base: str) -> float:
        """The noise floor of a comparison of the two: that of the identical pairs nearest to them in speed."""
        return floor_between(self.controls, [self._log_time(variant), self._log_time(base)])

    def of_build(self, variant: str, base: str, word: str | None) -> bool:
        """Whether the verdict ``word`` on the two holds for this build only: it is on a difference below ``SMALL``,
        which the layout of the code alone can cause, and fewer than ``LEAST_LAYOUTS`` layouts were measured."""
        layouts = len(self.cpu.processes) if {variant, base} <= set(self.laid_out) else 1
        small = bool(np.expm1(abs(self.compare(variant, base).value)) < SMALL)
        return word in SHOWN and small and layouts < LEAST_LAYOUTS

    def kind(self, name: str) -> str:
        """The first name of the kernel that ``name`` stands for."""
        return self.same.get(name, name)

    def _log_time(self, name: str) -> float:
        return float(np.mean(self.cpu.units()[:, self.cpu.column(name)]))


@dataclass(frozen=True)
class Place:
    """A variant's place on the ladder: the base of its step, None for the lowest."""

    variant: str
    phase: int | None
    base: str | None


def places(names: Sequence[str], phases: Mapping[str, int | None]) -> list[Place]:
    """From the bottom up; those without a phase come last, in the order given, and are compared with the top phase.

    A step's base is the nearest earlier phase that was measured.
    """
    found: list[Place] = []
    below: str | None = None
    for name in sorted(names, key=lambda name: (phases.get(name) is None, phases.get(name) or 0)):
        found.append(Place(name, phases.get(name), below))
        if phases.get(name) is not None or below is None:
            below = name
    return found


def pairs_of(ladder: Sequence[Place], reference: str) -> list[tuple[str, str]]:
    """The family of comparisons: (variant, base) of every step and every total, each once."""
    steps = [(place.variant, place.base) for place in ladder if place.base is not None]
    totals = [(place.variant, reference) for place in ladder if place.variant != reference]
    return list(dict.fromkeys(steps + totals))


@dataclass(frozen=True)
class _Said:
    """A comparison's verdict; None if there is none, or may be none."""

    ratio: Interval | None = None
    p: float | None = None
    p_holm: float | None = None
    verdict: str | None = None


def climb(
    comparisons: Comparisons,
    ladder: Sequence[Place],
    predictions: Mapping[int, Prediction],
    idle: str | None = None,
) -> tuple[tuple[Rung, ...], float]:
    """The rungs, as in the result document, and the threshold for the p-value of one more comparison.

    A prediction applies only to the step that it was made for, from the phase just before. A variant that is the same
    kernel as another one of the ladder has neither a step nor a verdict, and is in no family. ``idle``: why nothing is
    judged at all, if that is so.
    """
    names = {place.variant for place in ladder}
    same = {name: first for name in names if (first := comparisons.kind(name)) != name and first in names}
    notes = {place.variant: idle for place in ladder if idle and place.base} | {
        name: f"the same kernel as {first} here" for name, first in same.items()
    }
    family = pairs_of([place for place in ladder if place.variant not in notes], comparisons.reference)
    estimates = {pair: comparisons.compare(*pair) for pair in pairs_of(ladder, comparisons.reference)}
    adjusted = dict(zip(family, holm([estimates[pair].p for pair in family]), strict=True))
    several = comparisons.cpu.repeated
    phases = {place.variant: place.phase for place in ladder}

    def said(pair: tuple[str, str] | None) -> _Said:
        if pair is None:
            return _Said()
        ratio = estimates[pair].ratio()
        if pair not in adjusted:
            return _Said(ratio)
        if not several:
            return _Said(ratio, verdict=verdict(ratio, 1.0, comparisons.floor_for(*pair)))
        word = verdict(ratio, adjusted[pair], comparisons.floor_for(*pair))
        return _Said(ratio, estimates[pair].p, adjusted[pair], word)

    rungs = []
    for place in ladder:
        base = None if place.variant in same else place.base
        step = said((place.variant, base) if base else None)
        is_reference = comparisons.kind(place.variant) == comparisons.reference
        total = said(None if is_reference else (place.variant, comparisons.reference))
        made_for = place.phase is not None and place.base is not None and phases[place.base] == place.phase - 1
        prediction = predictions.get(place.phase) if made_for and place.phase is not None else None
        rungs.append(
            Rung(
                variant=place.variant,
                phase=place.phase,
                base=place.base,
                same_as=same.get(place.variant),
                note=notes.get(place.variant),
                events_per_second=comparisons.events_per_second(place.variant),
                step=step.ratio,
                step_wall=comparisons.compare(place.variant, base, wall=True).ratio() if base else None,
                step_verdict=step.verdict,
                step_p=step.p,
                step_p_holm=step.p_holm,
                total=total.ratio,
                total_verdict=total.verdict,
                step_of_build=bool(base) and comparisons.of_build(place.variant, str(base), step.verdict),
                prediction=prediction.promise() if prediction else None,
                score=grade(prediction.low, prediction.high, step.ratio, step.verdict) if prediction else None,
            )
        )
    return tuple(rungs), next_threshold(list(adjusted.values()))
