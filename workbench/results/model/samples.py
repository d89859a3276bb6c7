"""The samples: sessions with their designs, and the measurements beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from lobench.workbench.results.model.control import again, is_again, once
from lobench.workbench.results.model.fields import Omitted
from lobench.workbench.results.model.intervals import Interval

Rows = list[list[int]]
"""One sample a row. A list, as it grows while samples come in, and by far the most of a document: neither reading nor
writing looks into it."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows, and the names of their columns."""

    columns: tuple[str, ...]
    rows: Rows

    @property
    def processes(self) -> int:
        """How many processes they are of."""
        place = self.columns.index("process")
        return len({row[place] for row in self.rows})

    @property
    def passes(self) -> int:
        """How many passes of all processes they are of."""
        process, number = self.columns.index("process"), self.columns.index("pass")
        return len({(row[process], row[number]) for row in self.rows})


@dataclass(frozen=True, slots=True)
class NamedSamples:
    """The same; ``names`` is indexed by the column ``variant``."""

    names: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True, slots=True)
class Design:
    """A session's layout. ``seconds`` of wall time in each of at most ``processes`` processes, at least one pass.

    A pass replays the session's records in slices of about ``slice_records``; of each, ``lead_in_records`` are
    replayed untimed. ``until_precision``: stop when every interval's half-width, as a fraction of its ratio, is
    narrower; None: measure all processes.
    """

    processes: int
    seconds: float
    slice_records: int
    lead_in_records: int
    passes: int = 200
    seed: int = 1
    pinned: bool = False
    until_precision: float | None = None


@dataclass(frozen=True, slots=True)
class HardwareCount:
    """What the processor counted while a process timed ``events`` records of a variant side by side with the others;
    ``counts``: cycles, instructions, cache_misses, branch_misses, as far as the machine has them."""

    process: int
    variant: str
    events: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SessionResult:
    """The side-by-side measurements of a session. ``measured``: names in the order of the column ``variant``, the
    control last; ``same_as``: name of a variant to an earlier one that is the same kernel; ``disagreeing``: names that
    are left out; ``reasons``: why; ``laid_out``: names that had a new layout of their machine code in each process; the
    others kept the layout of their build; ``hardware``: one entry for each process and name, None where the machine
    counts nothing."""

    events: int
    complete: bool
    measured: tuple[str, ...]
    design: Design
    disagreeing: tuple[str, ...]
    samples: Samples
    same_as: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    laid_out: tuple[str, ...] = ()
    hardware: Annotated[tuple[HardwareCount, ...] | None, Omitted()] = None

    @property
    def variants(self) -> list[str]:
        """The measured variants, each once."""
        return [name for name in self.measured if not is_again(name)]

    @property
    def reference(self) -> str:
        """The variant that is measured again as the control."""
        return once(self.measured[-1])

    @property
    def same(self) -> dict[str, str]:
        """Every name of the same kernel as an earlier one, to that one: variants measured twice, and those found to be
        the same. Older results have only the former."""
        return {**self.same_as, **{name: once(name) for name in self.measured if is_again(name)}}

    @property
    def has_control(self) -> bool:
        """Whether its reference was measured twice."""
        return self.measured[-1] == again(self.reference)


@dataclass(frozen=True, slots=True)
class SequentialRead:
    """Reading a feed's bytes in order; each sample is the time of the whole."""

    bytes: int
    events: int
    samples_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RandomAccess:
    """Reading a feed's live orders at random; each sample is the time of the whole."""

    orders: int
    table_bytes: int
    accesses: int
    samples_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MeasuredLimits:
    """The machine's time for the work that no engine can avoid."""

    sequential_read: SequentialRead
    random_access: RandomAccess


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """CPU time of an event at one value of a sweep's parameter."""

    variant: str
    value: int
    nanoseconds_per_event: Interval


@dataclass(frozen=True, slots=True)
class Sweep:
    """Cost against one parameter of a synthetic feed; ``events``: of each replay."""

    parameter: str
    names: tuple[str, ...]
    events: int
    columns: tuple[str, ...]
    rows: Rows
    analysis: tuple[SweepPoint, ...] | None = None
