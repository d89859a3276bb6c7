"""Identical pairs of a session, and the noise floor that each comparison gets from those nearest to it in speed.

Two variants that are known to be one kernel can only differ by the session's error, which depends on their speed: in a
slice that takes a tenth of the time, the placement of memory and the state of the caches weigh ten times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lobench.workbench.measurement.design import ALIKE
from lobench.workbench.results.model.noise import ControlResult
from lobench.workbench.statistics.intervals import Estimate


@dataclass(frozen=True)
class Control:
    """``name`` is a second measurement of ``of``. ``estimate``: the log of its speed relative to ``of``; ``floor``: the
    session's error according to it, a fraction; ``log_time``: log of ns an event of the two."""

    name: str
    of: str
    estimate: Estimate
    floor: float
    log_time: float

    def result(self) -> ControlResult:
        """As the result document has it."""
        return ControlResult(self.name, self.of, self.estimate.ratio(), self.floor)


def floor_between(controls: Sequence[Control], log_times: Sequence[float]) -> float:
    """The floor of a comparison of variants that take ``log_times``: the largest of the controls nearest in speed to
    either.

    Nearest is the control within a factor of ``ALIKE``, if there is one. A variant that has none so near lies between
    two, whose errors may differ: both count, as it does beyond the last one.
    """
    return max(floor for log_time in log_times for floor in _floors(controls, log_time))


def _floors(controls: Sequence[Control], log_time: float) -> list[float]:
    away = np.array([control.log_time - log_time for control in controls])
    near = np.abs(away) <= np.log(ALIKE)
    if not near.any():
        below, above = away[away < 0], away[away > 0]
        ends = [*([below.max()] if len(below) else []), *([above.min()] if len(above) else [])]
        near = np.isin(away, ends)
    return [control.floor for control, chosen in zip(controls, near, strict=True) if chosen]
