"""Identical pairs of a session, and the noise floor that each comparison gets from those nearest to it in speed.

Two variants of which the session knows that they are one kernel can only differ by its error, and how large that is
depends on how fast they are: of a slice that takes a tenth of the time, where memory happens to lie and what other
variants left in the caches is ten times as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lobench.workbench.measurement.design import ALIKE, TWICE
from lobench.workbench.statistics.intervals import Estimate


@dataclass(frozen=True)
class Control:
    """``name`` is ``of`` once more. ``estimate``: how many times faster it came out, on the log scale; ``floor``: what
    that says of the session's error, a fraction; ``log_time``: log of ns an event of the two."""

    name: str
    of: str
    estimate: Estimate
    floor: float
    log_time: float

    def as_json(self) -> dict[str, Any]:
        return {"variant": self.name, "of": self.of, "ratio": self.estimate.ratio(), "floor": self.floor}


def same_of(session: Mapping[str, Any]) -> dict[str, str]:
    """Every name of a session (of a result document) that stands for the same kernel as one before it, to that one:
    variants measured twice, and those found to be the same. Results of before that was looked for know the former
    alone."""
    twice = {name: name.removesuffix(TWICE) for name in session["measured"] if name.endswith(TWICE)}
    return {**session.get("same_as", {}), **twice}


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
