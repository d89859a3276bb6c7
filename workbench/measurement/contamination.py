"""Flags disturbed samples by simple rules on the kernel's counters. Nothing is dropped.

Minor page faults are no reason: a variant that allocates makes them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np


class Reading(NamedTuple):
    """The cost of one timed stretch: wall and CPU time in ns, and the kernel's counts. ``steal_ticks`` are the
    hypervisor's, of the CPU that the process is pinned to (of all CPUs if it is not), including the lead-in."""

    wall_ns: int
    cpu_ns: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    steal_ticks: int


WAIT_SHARE: Final = 0.05
WAIT_NS: Final = 50_000
"""Wall time beyond CPU time that is not yet waiting: a share of the CPU time, and at least the clocks' own grain."""

REASONS: Final[dict[str, Callable[[Reading], bool]]] = {
    "involuntary switch": lambda reading: reading.involuntary_switches > 0,
    "stolen time": lambda reading: reading.steal_ticks > 0,
    "major fault": lambda reading: reading.major_faults > 0,
    "waited": lambda reading: reading.wall_ns > reading.cpu_ns * (1 + WAIT_SHARE) + WAIT_NS,
}
"""Reason to its rule."""


def is_contaminated(reading: Reading) -> bool:
    """Whether any reason applies."""
    return any(rule(reading) for rule in REASONS.values())


def count_reasons(columns: Sequence[str], rows: Sequence[Sequence[int]]) -> dict[str, int]:
    """Reason to the number of samples it applies to (a sample may have several). ``columns`` name what ``rows``
    hold."""
    places = [columns.index(name) for name in Reading._fields]
    readings = [Reading(*(row[place] for place in places)) for row in rows]
    return {reason: int(np.sum([rule(reading) for reading in readings])) for reason, rule in REASONS.items()}
