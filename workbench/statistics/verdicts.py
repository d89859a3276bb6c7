"""The conditions for each word of a verdict (``results.model.verdict``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import FASTER, NO_DIFFERENCE, SLOWER
from lobench.workbench.statistics.intervals import Estimate

SIGNIFICANCE = 0.05


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for a family of comparisons, so that the chance of any false one stays nominal (Holm 1979)."""
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def next_threshold(adjusted: Sequence[float]) -> float:
    """The threshold for the p-value of one more comparison in the family: the significance level, divided among it and
    those comparisons that show no difference."""
    return SIGNIFICANCE / (1 + sum(p >= SIGNIFICANCE for p in adjusted))


def verdict(ratio: Interval, p_holm: float, floor: float) -> str:
    """``faster`` or ``slower`` when the adjusted p-value is below ``SIGNIFICANCE`` and the whole interval lies beyond 1
    by more than ``floor``, by which two identical things differed."""
    if p_holm < SIGNIFICANCE:
        if ratio.low > 1 + floor:
            return FASTER
        if ratio.high < 1 / (1 + floor):
            return SLOWER
    return NO_DIFFERENCE


def floor_of(control: Estimate) -> float:
    """The noise floor, as a fraction: by how much the reference differed from itself, measured under another name, and
    at least the standard error of that: two identical things that came out equal did so by luck."""
    return float(np.expm1(max(abs(control.value), control.error)))
