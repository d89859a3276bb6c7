"""How much time each part of an experiment gets."""

from __future__ import annotations

from dataclasses import dataclass

from lobench.engine.errors import UsageError
from lobench.workbench.latency.asked import Asked
from lobench.workbench.measurement.design import PROCESSES, STARTUP, equal_slices, isolated_every
from lobench.workbench.results.model.samples import Design

RUN_SECONDS = 80.0
QUICK_SECONDS = 20.0
MEASURE_SECONDS = 120.0
PRECISION_SECONDS = 600.0
"""Default budgets of a session: of ``run``, of ``run --quick``, of ``measure``, of ``measure --precision``."""

PRECISION_PROCESS_SECONDS = 5.0

LEAST_PROCESSES = 2
"""Fewer are refused."""

FEWEST_CHOSEN = 3
"""Fewer are not chosen."""

_MEASURED = 2 * STARTUP
"""Least seconds of measuring per process, if there is time: the seconds of its start are lost."""

_TOLERATED = 1.2
"""Isolated passes may prolong a session by this factor."""


@dataclass(frozen=True)
class Budget:
    """Seconds for each part; 0 leaves it out. ``processes`` None: as many as suit the feed. ``counters``: whether
    mechanisms are counted. ``precision``: the half-width of intervals at which a session stops. ``profile``: whether
    every variant is profiled, ``latency``: the options of that part; both have no time limit. ``time_limit``: seconds
    for verifying one variant, None for a multiple of the reference's time. Raises UsageError for too few processes."""

    session: float
    processes: int | None = None
    precision: float | None = None
    counters: bool = False
    factorial: float = 0.0
    from_top: float = 0.0
    limits: float = 0.0
    scaling: float = 0.0
    sweep: float = 0.0
    profile: bool = False
    latency: Asked | None = None
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.processes is not None and self.processes < LEAST_PROCESSES:
            raise UsageError(
                f"--processes must be at least {LEAST_PROCESSES}, was {self.processes}: "
                "one process does not show how much processes differ"
            )


def full(session: float, processes: int | None, *, factorial: bool) -> Budget:
    """Everything, the other parts in proportion to the ladder's session."""
    return Budget(
        session,
        processes,
        counters=True,
        factorial=session / 2 if factorial else 0.0,
        from_top=session / 5 if factorial else 0.0,
        limits=session / 25,
        scaling=session / 7,
        sweep=session / 20,
    )


def quick(session: float, processes: int | None) -> Budget:
    """The ladder and the limits."""
    return Budget(session, processes, counters=True, limits=session / 20)


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

    More processes give more information, but each needs a start and at least one pass. Without ``processes``, there
    are as many as have time for a pass and for ``_MEASURED`` seconds of measuring, at most ``PROCESSES``; with
    ``until_precision``, the limit is as many as the precision may take.
    """
    most = PROCESSES if until_precision is None else max(PROCESSES, round(seconds / PRECISION_PROCESS_SECONDS))
    if processes is None:
        choices = range(most, FEWEST_CHOSEN, -1)
        fitting = (count for count in choices if _needed(count, pass_seconds, _MEASURED) <= seconds)
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


def _needed(processes: int, pass_seconds: float, measured: float = 0.0) -> float:
    """Seconds of a session whose processes measure for ``measured`` seconds, or for one pass if that takes longer, and
    of which some make an isolated pass."""
    isolated = -(-processes // isolated_every(processes))
    return processes * (STARTUP + max(pass_seconds, measured)) + isolated * pass_seconds
