"""A variant's whole profile, and the findings of methods that do not resolve lines of kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeAlias

from lobench.workbench.profile.model.costs import Profile, Tuning
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.intervals import Interval


@dataclass(frozen=True, slots=True)
class StageTime:
    """A stage's nanoseconds per event, and its share of all."""

    stage: str
    nanoseconds: Interval
    share: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """Stage times by ``passes`` passes in ``processes`` processes."""

    kind: str = "ablation"
    processes: int
    passes: int
    stages: tuple[StageTime, ...]


@dataclass(frozen=True, slots=True)
class PythonLine:
    """A line's share of the time: in Python, in native code, in the system, and together."""

    file: str
    line: int
    text: str
    share: float
    python: float
    native: float
    system: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProfile:
    """The findings of a profiler of Python code."""

    kind: str = "python-profile"
    tool: str
    variant: str
    feed: str
    events: int
    lines: tuple[PythonLine, ...]


@dataclass(frozen=True, slots=True)
class Allocator:
    """Where memory was asked for, and how often."""

    location: str
    allocations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeapProfile:
    """Memory that was asked for in a pass."""

    kind: str = "heap-profile"
    tool: str
    variant: str
    feed: str
    events: int
    allocations: int
    bytes: int
    peak_bytes: int
    allocators: Mapping[str, int]
    top: tuple[Allocator, ...]


Found: TypeAlias = Profile | Ablation | PythonProfile | HeapProfile
"""The findings of one method."""

_KINDS: Final[Mapping[str, type[Any]]] = {
    "profile": Profile,
    "ablation": Ablation,
    "python-profile": PythonProfile,
    "heap-profile": HeapProfile,
}


def found_of(value: Mapping[str, Any]) -> Found:
    """The findings of one method, from JSON. Raises KeyError or TypeError for other JSON."""
    made: Found = from_json(_KINDS[value["kind"]], value)
    return made


@dataclass(slots=True, kw_only=True)
class Profiled:
    """A variant's profile, growing: the findings of each method, why others failed (``missing``), and the files of
    each."""

    kind: str = "variant-profile"
    variant: str
    feed: str
    tuning: Tuning | None = None
    methods: dict[str, Found] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)

    @property
    def profiles(self) -> dict[str, Profile]:
        """The findings of the methods that resolve lines of kernels."""
        return {name: found for name, found in self.methods.items() if isinstance(found, Profile)}

    @property
    def ablation(self) -> Ablation | None:
        found = self.methods.get("ablation")
        return found if isinstance(found, Ablation) else None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        written: dict[str, Any] = as_json(self)
        return written

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From JSON. Raises KeyError or TypeError for other JSON."""
        methods = {name: found_of(found) for name, found in value["methods"].items()}
        return cls(**{**value, "methods": methods})
