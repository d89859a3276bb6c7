"""What a parent and its measuring processes tell each other: the settings of each job, and its messages.

Both cross as JSON: ``Task`` and ``Job`` convert the settings, ``process`` and ``worker`` the messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lobench.workbench.results.model.samples import Rows


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """``isolated``: "none", or the place of the isolated pass among the passes: "first" or "second"; ``held``: bytes
    that a pass takes, as known from earlier processes; ``witness``: whether the last variant only takes part in one
    untimed pass, in which all variants answer the same questions, and is not measured."""

    slice_records: int
    lead_in_records: int
    passes: int
    isolated: str = "none"
    held: int = 0
    witness: bool = False


@dataclass(frozen=True, kw_only=True)
class ForkSettings:
    """``layouts``: a number for each variant, equal ones for the same code; ``forks``: 0 for passes in the process
    itself; ``passes`` of each fork; the rest as those of a session."""

    slice_records: int
    lead_in_records: int
    passes: int
    layouts: tuple[int, ...]
    forks: int
    held: int = 0


@dataclass(frozen=True, kw_only=True)
class GrainSettings:
    """``reference``: the variant that takes the processor from others."""

    reference: str


@dataclass(frozen=True, kw_only=True)
class LimitsSettings:
    """``orders``: slots of the table that is read at random."""

    orders: int


@dataclass(frozen=True, kw_only=True)
class ScalingSettings:
    """``workers``: the numbers of workers to measure."""

    workers: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SweepSettings:
    """``values`` of the parameter; ``events``: records that are timed at each."""

    values: tuple[int, ...]
    events: int


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The message that a process has prepared and waits for its turn. The field tells it from those of the job."""

    ready: bool = True


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a process is told when its turn has come: how long to measure, and the settings of its job."""

    seconds: float
    settings: Any = None


@dataclass(frozen=True, kw_only=True)
class Alive:
    """A sign of life, ``seconds`` after the job began. Messages of a job that has more to say extend it."""

    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass. ``kind``: ``LOCKSTEP`` or ``ISOLATED``; ``samples``: rows of ``lockstep.COLUMNS``; ``floor_ns``:
    nanoseconds that reading a record takes at least; ``held``: bytes that the process takes. By variant:
    ``end_states``, digests of the answers; ``owed_ns``, nanoseconds that answers owed, part of the samples;
    ``laid_out``, whether the code had a new layout; ``hardware``, what the processor counted and the number of
    ``events``, empty if it counts nothing."""

    kind: str
    samples: Rows
    end_states: tuple[str, ...]
    owed_ns: tuple[int, ...]
    floor_ns: float
    held: int
    laid_out: tuple[bool, ...]
    hardware: tuple[Mapping[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SessionMessage(Alive):
    """``made``: a pass that has ended; ``witnessed``: the end state of each variant in the witness's pass, its own
    last."""

    made: Pass | None = None
    witnessed: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ForkPass:
    """One pass of a fork: the same as in ``Pass``, and its duration."""

    samples: Rows
    end_states: tuple[str, ...]
    held: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ForkMessage:
    """``made``: a pass of fork number ``fork``; ``seconds``: the duration of a whole fork that has ended."""

    fork: int
    made: ForkPass | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Curves:
    """``curves``: the excess of each piece of ``piece_records``, a fraction, for the fastest variants;
    ``nanoseconds`` of an event by variant."""

    curves: list[list[float]]
    piece_records: int
    nanoseconds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class LimitSamples:
    """Nanoseconds of each sequential and each random reading; ``bytes`` of the former."""

    sequential_ns: tuple[int, ...]
    random_ns: tuple[int, ...]
    bytes: int


@dataclass(frozen=True, kw_only=True)
class ScalingSamples:
    """Rows of ``scaling.COLUMNS`` without the process: of replays with several workers, and of replays at once."""

    scaling: Rows = field(default_factory=list)
    at_once: Rows = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class SweepSamples:
    """Rows of ``sweep.COLUMNS`` without the process."""

    rows: Rows
