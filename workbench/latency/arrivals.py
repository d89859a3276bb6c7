"""When a feed's records came, as it says itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError
from lobench.engine.records import F_SNAPSHOT

_UNDEFINED: Final = np.uint64(2**64 - 1)
"""DBN's undefined timestamp."""

CLOCKS: Final = ("ts_recv", "ts_event")
"""Fields that may say when a record came, the better one first."""


@dataclass(frozen=True)
class Arrivals:
    """``times``: nanoseconds after the first, float64, one for each record that queues, never falling; ``clock``: the
    field that they are from; ``opening``: records before them, a snapshot that does not queue; ``late``: records with
    an earlier time than one before them, with which they arrive."""

    times: npt.NDArray[np.float64]
    clock: str
    opening: int
    late: int

    @property
    def span(self) -> float:
        """Nanoseconds from the first to the last."""
        return float(self.times[-1])


def clock_of(name: str, records: npt.NDArray[np.void]) -> tuple[int, str]:
    """The first of a feed's records, dtype ``MBO``, that queues, and the field that says when they came. Raises
    UsageError where nothing arrives: without a record after the snapshot that it begins with, and without times."""
    live = (records["flags"] & F_SNAPSHOT) == 0
    opening = int(np.argmax(live)) if live.any() else len(records)
    if opening == len(records):
        raise UsageError(f"{name}: only snapshot records: nothing arrives")
    for clock in CLOCKS:
        stamps = records[clock][opening:]
        if not ((stamps == 0) | (stamps == _UNDEFINED)).any():
            return opening, clock
    raise UsageError(f"{name}: records without {' and '.join(CLOCKS)}: their arrival times are unknown")


def arrivals_of(name: str, records: npt.NDArray[np.void]) -> Arrivals:
    """The arrivals of a feed's records, dtype ``MBO``. Raises UsageError as ``clock_of``."""
    opening, clock = clock_of(name, records)
    stamps = records[clock][opening:]
    steps = stamps.astype(np.int64) - np.int64(stamps[0])
    times = np.maximum.accumulate(steps)
    return Arrivals(times.astype(np.float64), clock, opening, int((steps < times).sum()))
