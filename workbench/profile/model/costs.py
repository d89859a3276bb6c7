"""The findings of a tool that resolves source lines: costs by several keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Protocol, TypeAlias

from lobench.workbench.results.model.fields import Omitted, Rest

FORMAT: Final = 1

Costs: TypeAlias = Annotated[Mapping[str, float], Rest()]
"""Column to its value: per event, or of a program in all."""

Tuning: TypeAlias = Mapping[str, object]
"""A variant's tuning, like ``feeds[].tuning`` of a result."""


@dataclass(frozen=True, slots=True)
class StageCost:
    """The cost of a stage, and its ``share`` of the first column; ``group``: the stage of ``STAGES`` that it belongs
    to."""

    stage: str
    group: str
    share: float
    costs: Costs


@dataclass(frozen=True, slots=True)
class MechanismCost:
    """The cost of one policy, wherever it is used; ``axis`` None: shared by all variants."""

    axis: str | None
    policy: str | None
    share: float
    costs: Costs


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """The cost of a function; ``total_share``: including its callees."""

    function: str
    file: str
    share: float
    total_share: float
    costs: Costs


@dataclass(frozen=True, slots=True)
class LineCost:
    """The cost of a source line; ``total_share``: including callees."""

    file: str
    line: int
    function: str
    text: str
    share: float
    total_share: float
    costs: Costs


@dataclass(frozen=True, slots=True)
class StagedLine(LineCost):
    """A line of a variant, which is part of a stage."""

    stage: str


@dataclass(frozen=True, slots=True)
class StackCost:
    """Places in the list of frames, outermost first, and a value for each column."""

    stack: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Stacks:
    """Frames (function, file, line), each once, and the costs of each stack of them."""

    frames: tuple[tuple[str, str, int], ...]
    rows: tuple[StackCost, ...]


class Lined(Protocol):
    """A document with lines: the input of pages. ``subject``: the profiled program or variant; ``basis``: whether costs
    are per event or totals; ``whole``: the total cost."""

    @property
    def tool(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def lines(self) -> Sequence[LineCost]: ...

    @property
    def stacks(self) -> Stacks: ...

    @property
    def subject(self) -> str: ...

    @property
    def basis(self) -> str: ...

    @property
    def whole(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """An engine from outside; ``stages``: names of functions with the stages that they begin."""

    name: str
    title: str
    version: str
    digest: str
    offers: tuple[str, ...]
    leaves_out: tuple[str, ...]
    most_workers: int
    stages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The findings of one tool; costs are per event, the first of ``columns`` ranks. ``caches`` and ``library_calls``
    come from callgrind, ``samples`` to ``hardware_counters`` from samplers."""

    kind: str = "profile"
    format: int = FORMAT
    tool: str
    variant: str
    policies: Mapping[str, str]
    feed: str = ""
    tuning: Tuning | None = None
    caches: Annotated[tuple[str, ...] | None, Omitted()] = None
    library_calls: Annotated[Mapping[str, float] | None, Omitted()] = None
    samples: Annotated[int | None, Omitted()] = None
    kernel_samples: Annotated[int | None, Omitted()] = None
    event: Annotated[str | None, Omitted()] = None
    hardware_counters: Annotated[Mapping[str, int | None] | None, Omitted()] = None
    engine: Annotated[EngineFacts | None, Omitted()] = None
    events: int
    columns: tuple[str, ...]
    per_event: Mapping[str, float]
    stages: tuple[StageCost, ...]
    mechanisms: tuple[MechanismCost, ...]
    functions: tuple[FunctionCost, ...]
    lines: tuple[StagedLine, ...]
    stacks: Stacks

    @property
    def subject(self) -> str:
        return self.variant

    @property
    def basis(self) -> str:
        return "per event"

    @property
    def whole(self) -> Mapping[str, float]:
        return self.per_event
