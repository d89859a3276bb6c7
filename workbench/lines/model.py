"""The findings about a program, as dataclasses (docs/lines.md); ``results.conversion`` makes JSON of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypedDict

from lobench.workbench.profile.model.costs import Costs, FunctionCost, LineCost, Stacks
from lobench.workbench.profile.model.difference import Changed, LineChange
from lobench.workbench.results.model.fields import Omitted

KIND: Final = "lines"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Processor:
    """The target of a program's compilation; ``without``: features of this machine's processor that it lacks;
    ``chosen``: by the user's environment."""

    name: str
    without: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A process's report at its end. ``objects``: objects that the JIT linker loaded, with the addresses of their
    sections; ``generated``: texts without a file; ``code``: address ranges of code without a file; ``spans``: for a
    sampler, the times within regions."""

    pid: int
    objects: Sequence[tuple[str, Sequence[tuple[int, int]]]]
    generated: Mapping[str, Sequence[str]]
    code: Sequence[tuple[int, int]]
    numba: bool
    forks: int
    regions: int
    spans: Sequence[tuple[float, float]]
    processor: Annotated[Processor | None, Omitted()] = None


class Facts(TypedDict, total=False):
    """A tool's facts beside costs, as in ``ProgramProfile``."""

    caches: tuple[str, ...]
    elsewhere: Mapping[str, int]
    event: str
    samples: int
    kernel_samples: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of all costs, and its ``share`` of the first column."""

    share: float
    costs: Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramProfile:
    """The cost of each line of a program, in total; the first of ``columns`` ranks. ``caches`` and ``elsewhere``,
    generated code outside Numba's functions, come from callgrind, ``event`` to ``kernel_samples`` from perf."""

    kind: str = KIND
    format: int = FORMAT
    tool: str
    program: str
    exit_code: int
    columns: tuple[str, ...]
    total: Mapping[str, float]
    with_line: Part
    without_line: Part
    without_source: Part
    processor: Annotated[Processor | None, Omitted()] = None
    forks: int
    regions: int
    caches: Annotated[tuple[str, ...] | None, Omitted()] = None
    elsewhere: Annotated[Mapping[str, int] | None, Omitted()] = None
    event: Annotated[str | None, Omitted()] = None
    samples: Annotated[int | None, Omitted()] = None
    kernel_samples: Annotated[int | None, Omitted()] = None
    functions: tuple[FunctionCost, ...]
    lines: tuple[LineCost, ...]
    stacks: Stacks

    @property
    def subject(self) -> str:
        return self.program

    @property
    def basis(self) -> str:
        return "in all"

    @property
    def whole(self) -> Mapping[str, float]:
        return self.total


@dataclass(frozen=True, slots=True)
class ProgramChange(LineChange):
    """``line_before``: the line's old number; None if it was not there."""

    line_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDifference:
    """The difference between two profiles of a program."""

    kind: str = "lines-difference"
    format: int = FORMAT
    tool: str
    before: str
    after: str
    columns: tuple[str, ...]
    total: Mapping[str, Changed]
    lines: tuple[ProgramChange, ...]
