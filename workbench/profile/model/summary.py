"""Conclusions from a variant's profile, and from the calibration of the profilers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lobench.workbench.profile.model.costs import FORMAT
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.profiles import Agreement, ToolError


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval, and its method."""

    value: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True)
class Bound:
    """How many times as fast it could be at most; None: there is no bound."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The stage with the largest share, and the possible gain from removing it; ``others``: shares of the same stage's
    time by methods that contradict it."""

    stage: str
    share: Share
    bound: Bound
    others: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The profilers' error on a machine, and their disturbance: line to its true share, tool to its figures."""

    kind: str = "calibration"
    format: int = FORMAT
    machine: Mapping[str, object]
    heavy: int
    truth: Mapping[str, Interval]
    tools: Mapping[str, ToolError]
    agreement: tuple[Agreement, ...]
    missing: Mapping[str, str]
