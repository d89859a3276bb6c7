"""The steps of a series, as detected by asv and by Apache Otava.

asv fits a piecewise constant function to the weighted points. Otava (Fleming et al. 2023) splits by energy distance
(Matteson and James 2014) and keeps what a t-test calls significant.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lobench.workbench.optional_dependencies import pip, required

OTAVA = "apache-otava==0.8.0"
SIGNIFICANT = 0.001
WINDOW = 15
"""Points that Otava looks at together.

Simulated, 30 points with 2 % noise, a step of 10 % taken back after 8 points and made again: both steps are found in
98 % with 15 points, in 32 % with 30; without steps one series in 50 has a false one.
"""


@dataclass(frozen=True)
class Step:
    """The level of a series changes at ``index``, from ``before`` to ``after``; ``of``: a count other than that of the
    series."""

    index: int
    before: float
    after: float
    of: str | None = None

    @property
    def change(self) -> float:
        """Relative change."""
        return self.after / self.before - 1


def asv_steps(values: Sequence[float], weights: Sequence[float | None], least: float) -> list[Step]:
    """Steps of at least the fraction ``least``, as asv draws them into its graphs."""
    pieces = required("asv.step_detect").detect_steps(list(values), list(weights))
    pairs = pairwise(pieces)
    steps = [Step(right[0], left[2], right[2]) for left, right in pairs]
    return [step for step in steps if abs(step.change) >= least]


def otava_steps(values: Sequence[float], least: float) -> list[Step] | None:
    """Steps of at least the fraction ``least`` that Otava finds; None if it is not installed."""
    analysis = _otava()
    if analysis is None:
        return None
    if len(values) < 3:
        return []
    points, _ = analysis.compute_change_points(
        list(values), window_len=WINDOW, max_pvalue=SIGNIFICANT, min_magnitude=least
    )
    return [Step(int(point.index), float(point.stats.mean_1), float(point.stats.mean_2)) for point in points]


def otava_missing() -> str | None:
    """The command that installs Otava, None if it is installed.

    Its package asks for older versions of numpy and scipy than lobench, though its detection runs with these: it is
    installed without its dependencies.
    """
    return None if _otava() else f"Apache Otava is not installed; {pip('--no-deps', OTAVA)}"


def _otava() -> Any:
    try:
        return importlib.import_module("otava.analysis")
    except ModuleNotFoundError:
        return None
