"""How much time each part of an experiment gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lobench.engine.errors import UsageError
from lobench.engine.policy import STAGES
from lobench.workbench.measurement.design import PROCESSES, equal_slices, isolated_every
from lobench.workbench.results.model.samples import Design

RUN_SECONDS = 120.0
QUICK_SECONDS = 20.0
MEASURE_SECONDS = 120.0
UNTIL_SECONDS = 600.0
"""Default budgets of a session: of ``run``, of ``run --quick``, of ``measure``, of ``measure --until``."""

UNTIL_PROCESS_SECONDS = 5.0

LEAST_PROCESSES = 2
"""Fewer are refused."""

FEWEST_CHOSEN = 3
"""Fewer are not chosen."""

_STARTUP = 1.0
"""Seconds before a worker process measures."""

_TOLERATED = 1.2
"""Isolated passes may make a session take so much longer."""


@dataclass(frozen=True)
class Plan:
    """Seconds for each part; 0 leaves it out. ``processes`` None: as many as suit the feed. ``counters``: whether
    mechanisms are counted. ``profile``: whether profilers look at every variant, for as long as they take.
    ``time_limit``: seconds that verifying one variant may take, None for a multiple of the reference's. Raises
    UsageError for too few processes."""

    session: float
    processes: int | None = None
    until_precision: float | None = None
    counters: bool = False
    factorial: float = 0.0
    from_top: float = 0.0
    limits: float = 0.0
    scaling: float = 0.0
    sweep: float = 0.0
    profile: bool = False
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.processes is not None and self.processes < LEAST_PROCESSES:
            raise UsageError(
                f"--processes must be at least {LEAST_PROCESSES}, was {self.processes}: "
                "how much processes differ is not to be seen in one"
            )


def full(session: float, processes: int | None, *, factorial: bool) -> Plan:
    """Everything, the other parts in proportion to the ladder's session."""
    return Plan(
        session,
        processes,
        counters=True,
        factorial=session / 2 if factorial else 0.0,
        from_top=session / 5 if factorial else 0.0,
        limits=session / 25,
        scaling=session / 7,
        sweep=session / 20,
    )


def until_of(texts: Sequence[str]) -> tuple[str, float | None]:
    """The last stage that is computed, and the precision to stop at, of what was given as ``--until``: a stage, a
    precision, or one of each. Raises UsageError for anything else."""
    stages = [text for text in texts if text in STAGES]
    widths = [text for text in texts if text not in STAGES]
    for kind, given in (("stage", stages), ("precision", widths)):
        if len(given) > 1:
            raise UsageError(f"--until takes one {kind}, was {' and '.join(given)}")
    if widths and widths[0][:1].isalpha():
        raise UsageError(f"--until '{widths[0]}' is neither a stage ({', '.join(STAGES)}) nor a precision such as 0.5%")
    return stages[0] if stages else STAGES[-1], precision_of(widths[0]) if widths else None


def quick(session: float, processes: int | None) -> Plan:
    """The ladder and the limits."""
    return Plan(session, processes, counters=True, limits=session / 20)


def design(
    seconds: float,
    *,
    events: int,
    pass_seconds: float,
    processes: int | None,
    grain: tuple[int, int],
    pinned: bool,
    until_precision: float | None = None,
) -> tuple[Design, bool]:
    """A session's design, and whether there is time for isolated passes.

    Many processes say more than few, but each makes a pass at least: where ``processes`` is not given, there are as
    many as find time for that, ``PROCESSES`` at most, or with ``until_precision`` as many as it may take.
    """
    most = PROCESSES if until_precision is None else max(PROCESSES, round(seconds / UNTIL_PROCESS_SECONDS))
    if processes is None:
        choices = range(most, FEWEST_CHOSEN, -1)
        fitting = (count for count in choices if _needed(count, pass_seconds) <= seconds)
        processes = next(fitting, FEWEST_CHOSEN)
    slice_records = equal_slices(events, grain[0])
    made = Design(
        processes,
        seconds / processes,
        slice_records,
        min(grain[1], slice_records // 2),
        pinned=pinned,
        until_precision=until_precision,
    )
    return made, _needed(processes, pass_seconds) <= seconds * _TOLERATED


def _needed(processes: int, pass_seconds: float) -> float:
    """Seconds of a session in which each process makes one pass, and some of them an isolated one."""
    passes = processes + -(-processes // isolated_every(processes))
    return processes * _STARTUP + passes * pass_seconds


def seconds_of(text: str) -> float:
    """A duration as users write it: ``90``, ``90s``, ``1.5m``. Raises UsageError for anything but a positive one."""
    number, factor = text, 1.0
    if text[-1:] in ("s", "m"):
        number, factor = text[:-1], {"s": 1.0, "m": 60.0}[text[-1]]
    return _positive(number, factor, f"'{text}' is no duration; write 90, 90s or 2m")


def precision_of(text: str) -> float:
    """``0.5%`` or ``0.005`` as 0.005. Raises UsageError for anything but a fraction between 0 and 1."""
    number, factor = (text[:-1], 0.01) if text.endswith("%") else (text, 1.0)
    problem = f"'{text}' is no precision; write the half-width of the intervals as 0.5%"
    value = _positive(number, factor, problem)
    if value >= 1:
        raise UsageError(problem)
    return value


def _positive(text: str, factor: float, problem: str) -> float:
    try:
        value = float(text) * factor
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(problem)
    return value
