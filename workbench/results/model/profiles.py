"""Where each variant's time goes, as a page shows it. Profilers say more than the schema names; ``more`` keeps that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from lobench.workbench.results.model.fields import More, Omitted
from lobench.workbench.results.model.intervals import Interval


@dataclass(frozen=True, slots=True)
class MethodShares:
    """A stage's share by each method that was used; ``disagreements``: pairs of methods that contradict each other."""

    stage: str
    disagreements: tuple[tuple[str, ...], ...]
    ablation: Annotated[Interval | None, Omitted()] = None
    callgrind: Annotated[Interval | None, Omitted()] = None
    perf: Annotated[Interval | None, Omitted()] = None
    py_spy: Annotated[Interval | None, Omitted("py-spy")] = None

    def by(self, method: str) -> Interval | None:
        """The share by one of the methods."""
        share: Interval | None = getattr(self, method.replace("-", "_"))
        return share


@dataclass(frozen=True, slots=True)
class FineShare:
    """The share of a finer stage, which is part of ``group``."""

    stage: str
    group: str
    share: float
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MechanismShare:
    """The share of one policy, wherever it is used; ``axis`` None: shared by all variants."""

    axis: str | None
    policy: str | None
    share: float
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CostlyLine:
    """A source line and its share of the whole; instructions or nanoseconds an event where they are known."""

    file: str
    line: int
    function: str
    text: str
    stage: str
    share: float
    instructions: Annotated[float | None, Omitted()] = None
    nanoseconds: Annotated[float | None, Omitted()] = None
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """A figure of the phase before, and of this one."""

    before: float
    after: float
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A source line whose instructions an event changed."""

    file: str
    line: int
    function: str
    text: str
    stage: str
    instructions: BeforeAfter
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """The lines that a phase removed, added and changed against the one before it."""

    before: str
    per_event: Mapping[str, BeforeAfter]
    removed: tuple[ChangedLine, ...]
    added: tuple[ChangedLine, ...]
    changed: tuple[ChangedLine, ...]
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VariantProfile:
    """One variant. ``missing``: method to why not; ``fine_stages``, ``mechanisms`` and ``lines`` by method; ``flame``:
    a flame graph as SVG text."""

    variant: str
    missing: Mapping[str, str]
    blind_spots: Mapping[str, str]
    stages: tuple[MethodShares, ...]
    fine_stages: Mapping[str, tuple[FineShare, ...]]
    lines: Mapping[str, tuple[CostlyLine, ...]]
    per_event: Mapping[str, float]
    change: Change | None
    flame: str | None
    next_bottleneck_line: str
    mechanisms: Mapping[str, tuple[MechanismShare, ...]] = field(default_factory=dict)
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolError:
    """A profiler's figures for lines with known shares, their errors, and its disturbance."""

    said: Mapping[str, float | None]
    errors: Mapping[str, float | None]
    slowdown: float | None
    cpu_slowdown: float | None
    ratio_change: float | None
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """By how much two profilers differ at most."""

    tools: tuple[str, ...]
    largest_difference: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration card: line to its true share, tool to its figures."""

    truth: Mapping[str, Interval]
    tools: Mapping[str, ToolError]
    agreement: tuple[Agreement, ...]
    missing: Mapping[str, str]
    more: More = field(default_factory=dict)


@dataclass(slots=True)
class Profiles:
    """The profiles of a feed's variants; grows as they are made."""

    kind: str
    format: int
    feed: str
    variants: tuple[VariantProfile, ...]
    calibration: Calibration | None
