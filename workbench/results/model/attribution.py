"""Attribution of the gain: the phases' shares of the speed-up, their interactions, and the top without each."""

from __future__ import annotations

from dataclasses import dataclass

from lobench.workbench.results.model.intervals import Interval


@dataclass(frozen=True, slots=True)
class PhaseGain:
    """The gain of one phase, by three methods; None if not measured."""

    phase: int
    axis: str
    before: str
    after: str
    ladder: Interval
    leave_one_out: Interval | None
    shapley: Interval | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """The gain of each phase in ``total``, the top against the reference, and why the three methods differ."""

    total: Interval
    phases: tuple[PhaseGain, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class AxesEffect:
    """The effect of a set of axes on throughput."""

    axes: tuple[str, ...]
    effect: Interval
    p: float
    p_holm: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Interactions:
    """All effects of the factorial."""

    effects: tuple[AxesEffect, ...]


@dataclass(frozen=True, slots=True)
class WithoutPhase:
    """The ladder's top against itself without the phase that brought ``policy``. ``variant``: the measured combination;
    ``note``: why there is no figure."""

    axis: str
    phase: int
    policy: str
    without: str
    variant: str | None
    ratio: Interval | None
    p: float | None
    p_holm: float | None
    verdict: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class FromTop:
    """The loss of the ladder's top without one single phase. ``floor``: noise floor of the session."""

    top: str
    floor: float
    axes: tuple[WithoutPhase, ...]
    sentence: str
