"""The interval of a ratio: Student's t on one log ratio for each process; and of a time or a share, likewise.

Processes are the independent repetitions; samples of one process share its memory layout and its neighbours. Each
process gives one number, a log ratio of times (or any linear contrast of log times, or a time itself), which contains
the noise of its rounds and its own peculiarity. The resampling variance of the mean of such numbers is known without
drawing (Davison and Hinkley 1997, section 3.8), and with few processes Student's quantiles keep their level where the
percentiles of a bootstrap are far too narrow (docs/measured.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.statistics.samples import Floats

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean, of logs as a rule, with its interval at ``LEVEL`` and its standard ``error``. ``p``: two-sided, of the
    hypothesis that it is 0."""

    value: float
    low: float
    high: float
    error: float
    p: float

    def ratio(self, scale: float = 1.0) -> Interval:
        """On the ratio scale, times ``scale``."""
        value, low, high = (scale * float(np.exp(log)) for log in (self.value, self.low, self.high))
        return Interval(value, low, high)

    def interval(self) -> Interval:
        """Of values that are no logs, as they are."""
        return Interval(self.value, self.low, self.high)


def estimate(values: Floats) -> Estimate:
    """The mean of independent values, logs as a rule, one of each process, shape (processes,).

    Raises LobenchError for fewer than two, which say nothing about their spread.
    """
    if len(values) < 2:
        raise LobenchError("one sample is no measurement: measure in more processes (--processes) or longer (--budget)")
    value = float(np.mean(values))
    if np.ptp(values) <= 1e-13 * max(1.0, abs(value)):
        # No spread beyond rounding (exact data): the t-test divides by it.
        return Estimate(value, value, value, 0.0, 0.0 if abs(value) > 1e-12 else 1.0)
    from scipy import stats

    test = stats.ttest_1samp(values, 0.0)
    low, high = test.confidence_interval(LEVEL)
    return Estimate(value, float(low), float(high), float(stats.sem(values)), float(test.pvalue))


def median_interval(samples: Floats) -> Interval:
    """The median of samples of one process with the interval that their order gives (scipy's ``quantile_test``; their
    range where they are too few for ``LEVEL``)."""
    from scipy import stats

    ends = stats.quantile_test(samples, p=0.5).confidence_interval(LEVEL)
    low, high = (float(samples.min()) if np.isnan(ends.low) else float(ends.low)), float(ends.high)
    return Interval(float(np.median(samples)), low, float(samples.max()) if np.isnan(high) else high)
