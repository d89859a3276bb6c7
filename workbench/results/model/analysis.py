"""The analysis of a feed's samples: the ladder's rungs, noise, attribution, scaling, limits, and a compared pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lobench.workbench.results.model.attribution import Attribution, FromTop, Interactions
from lobench.workbench.results.model.fields import Omitted
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Bias, Noise
from lobench.workbench.results.model.verdict import worded


@dataclass(frozen=True, slots=True)
class Promise:
    """The plan's prediction for a step, with its source and date."""

    phase: int
    bottleneck: str
    low: float
    high: float
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Rung:
    """A variant's place on the ladder: its throughput, the step over ``base``, the total over the reference.

    ``same_as``: the variant that is the same kernel; ``note``: why there is no verdict; ``step_of_build``: the step is
    shown, but so small that another layout of the code may undo it; ``bias``: of lock-step, if one is shown;
    ``step_alone``, ``total_alone``: the figures without that bias.
    """

    variant: str
    phase: int | None
    base: str | None
    events_per_second: Interval
    step: Interval | None
    step_wall: Interval | None
    step_verdict: str | None
    step_p: float | None
    step_p_holm: float | None
    total: Interval | None
    total_verdict: str | None
    prediction: Promise | None
    score: str | None
    same_as: str | None = None
    note: str | None = None
    bias: Interval | None = None
    step_alone: Interval | None = None
    total_alone: Interval | None = None
    step_of_build: bool = False

    @property
    def step_words(self) -> str:
        """The verdict on the step, or why there is none."""
        return worded(self.step_verdict, self.step_of_build) or self.note or ""


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """Throughput in wall time with ``workers`` workers, over the fewest, and the gain of as many replays at once."""

    variant: str
    workers: int
    events_per_second: Interval
    speedup: Interval
    ceiling: Interval | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that no engine on this machine exceeds."""

    name: str
    text: str
    events_per_second: Interval


@dataclass(frozen=True, slots=True)
class StageShare:
    """The share of a variant's time that a stage takes, 0 to 1."""

    stage: str
    share: Interval
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of the samples, and its method; it can be recomputed from the samples."""

    clock: str
    level: float
    resamples: int
    method: str
    ladder: tuple[Rung, ...]
    noise: Noise
    bias: tuple[Bias, ...] | None
    attribution: Attribution | None
    interactions: Interactions | None
    scaling: tuple[ScalingPoint, ...] | None
    limits: tuple[Limit, ...] | None
    from_top: FromTop | None = None
    stages: Annotated[tuple[StageShare, ...] | None, Omitted()] = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The pair of `lobench cmp`. ``ratio``: speed of ``variant`` over ``base``; ``ratio_alone``: the ratio of the two
    measured alone, if either shows a bias of lock-step; ``floor``: of this comparison; ``note``: why there is no
    verdict; ``of_build``: the difference is shown, but so small that another layout of the code may undo it;
    ``regression``: slower for certain, by more than the tolerance."""

    base: str
    variant: str
    ratio: Interval
    ratio_wall: Interval
    p: float
    p_holm: float
    verdict: str | None
    tolerance: float
    regression: bool
    floor: Annotated[float | None, Omitted()] = None
    note: str | None = None
    ratio_alone: Interval | None = None
    of_build: bool = False

    @property
    def words(self) -> str:
        """The verdict, or why there is none."""
        return worded(self.verdict, self.of_build) or self.note or ""
