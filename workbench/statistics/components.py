"""The contribution of each level of a nested design to the noise, and the width of intervals that follows from it.

A value is modelled as a mean, plus an effect of its layout of the code, plus one of its process within the layout, of
its fork within the process, of its pass within the fork: independent random effects, each level with its own variance.
The design is balanced, so the analysis of variance gives each level's mean square, and equating these to their expected
values gives the variances (Searle, Casella and McCulloch, "Variance Components", 1992, chapter 4). A mean square over
its expected value is chi-squared over its degrees of freedom. Drawing the expected values from that gives intervals of
any function of the variances (generalized pivotal quantities: Weerahandi, "Generalized Confidence Intervals", JASA 88,
1993; for variance components: Khuri, Mathew and Sinha, "Statistical Tests for Mixed Linear Models", 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.statistics.intervals import LEVEL
from lobench.workbench.statistics.samples import Floats, location

DRAWS = 20_000
_ENDS = (50 * (1 - LEVEL), 50 * (1 + LEVEL))


@dataclass(frozen=True)
class Components:
    """``mean`` of all values; by level, the outermost first: the ``squares`` (mean squares) of the analysis of
    variance, their ``degrees`` of freedom, and how many values each group of the level ``holds``."""

    mean: float
    squares: Floats
    degrees: Floats
    holds: Floats

    @property
    def variances(self) -> Floats:
        """What each level adds, shape (levels,). The difference of two mean squares may be negative: that is no
        variance, and 0."""
        return self._variances(self.squares)

    def drawn(self, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
        """Variances that the data do not exclude, shape (draws, levels)."""
        return self._variances(self.squares * self.degrees / rng.chisquare(self.degrees, (draws, len(self.degrees))))

    def deviations(self, rng: np.random.Generator) -> list[Interval]:
        """The standard deviation that each level adds."""
        ends = np.percentile(np.sqrt(self.drawn(rng)), _ENDS, axis=0)
        return [Interval(*map(float, each)) for each in zip(np.sqrt(self.variances), *ends, strict=True)]

    def _variances(self, expected: Floats) -> Floats:
        within = np.concatenate([expected[..., 1:], np.zeros((*expected.shape[:-1], 1))], axis=-1)
        found: Floats = np.maximum((expected - within) / self.holds, 0.0)
        return found


def components(values: Floats) -> Components:
    """The components of a balanced nested design, one axis for each level, the outermost first. Raises LobenchError
    where a level has one group alone."""
    shape = values.shape
    if min(shape) < 2:
        raise LobenchError(f"a level with one group has no variance: {' x '.join(map(str, shape))}")
    above: Floats = np.asarray(values.mean())
    squares, degrees, holds = [], [], []
    for level in range(len(shape)):
        means = values.mean(axis=tuple(range(level + 1, len(shape))))
        holds.append(float(np.prod(shape[level + 1 :])))
        degrees.append(float(np.prod(shape[:level]) * (shape[level] - 1)))
        squares.append(holds[-1] * float(np.sum((means - above[..., None]) ** 2)) / degrees[-1])
        above = means
    return Components(float(values.mean()), np.array(squares), np.array(degrees), np.array(holds))


def half_width(variances: Floats, counts: Sequence[int]) -> Floats:
    """Half of the interval of a mean from ``counts`` of each level within one of the level above, the outermost first.
    ``variances``: of each level, shape (..., levels); the result has shape (...).

    The outermost level with several units gives the degrees of freedom of Student's t, one less than its count. Levels
    above it have a single draw, whose own effect the interval does not cover.
    """
    from scipy import stats

    repeated = next((place for place, count in enumerate(counts) if count > 1), None)
    if repeated is None:
        raise LobenchError("one value has no interval")
    groups = np.cumprod(counts)[repeated:]
    error = np.sqrt((variances[..., repeated:] / groups).sum(axis=-1))
    found: Floats = error * stats.t.ppf((1 + LEVEL) / 2, counts[repeated] - 1)
    return found


def wrong(values: Floats, processes: int, rng: np.random.Generator, sessions: int = 4000) -> tuple[float, float]:
    """How often intervals of sessions of ``processes``, drawn from recorded ones, exclude the truth: with a process as
    the unit, and with a fork. ``values``: log ratios of one pair, shape (recorded processes, forks).

    In each process it is left to chance which of the pair is which, so that the truth is what all say together.
    """
    from scipy import stats

    chosen = np.argsort(rng.random((sessions, len(values))), axis=1)[:, :processes]
    drawn = (values - values.mean())[chosen] * rng.choice((-1, 1), (sessions, processes, 1))
    by_process, by_fork = (
        stats.ttest_1samp(units, 0.0, axis=1).pvalue < 1 - LEVEL
        for units in (drawn.mean(axis=2), drawn.reshape(sessions, -1))
    )
    return float(np.mean(by_process)), float(np.mean(by_fork))


def levels(logs: Floats) -> Floats:
    """One value for each pass, shape (passes,), from log ratios of its slices, shape (passes, slices): robust, as the
    parts of a session are, and without what single slices cost more in all passes."""
    cost = location(logs)
    found: Floats = location((logs - cost).T) + cost.mean()
    return found
