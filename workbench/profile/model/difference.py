"""The difference between two profiles by one tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from lobench.workbench.profile.model.costs import Tuning
from lobench.workbench.results.model.fields import Rest


@dataclass(frozen=True, slots=True)
class Tunings:
    """The tunings of both sides of a difference."""

    before: Tuning | None
    after: Tuning | None


@dataclass(frozen=True, slots=True)
class Both:
    """A figure of both sides."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class StageChange:
    stage: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class MechanismChange:
    """Of one axis, with the names of its two policies."""

    axis: str | None
    policies: tuple[str | None, ...]
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Changed:
    before: float
    after: float
    change: float


@dataclass(frozen=True, slots=True)
class LineChange:
    """``what``: removed, added or changed; ``costs``: column to its change."""

    file: str
    line: int
    function: str
    text: str
    what: str
    costs: Annotated[Mapping[str, Changed], Rest()]


@dataclass(frozen=True, slots=True)
class StagedChange(LineChange):
    """Of a variant's line, which is part of a stage."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference between two profiles, in the first column and line by line."""

    kind: str = "profile-difference"
    format: int
    tool: str
    feed: str
    before: str
    after: str
    tuning: Tunings
    columns: tuple[str, ...]
    per_event: Mapping[str, Both]
    stages: tuple[StageChange, ...]
    mechanisms: tuple[MechanismChange, ...]
    lines: tuple[StagedChange, ...]
