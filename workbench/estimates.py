"""From samples to throughput and ratios with intervals.

A slice's time of one variant is its CPU time; blocks of neighbouring slices stand for the stretch of the feed that
they cover. A variant's time is the mean over blocks of the median slice time. Intervals come from a bootstrap that
resamples processes, then blocks within them (Davison and Hinkley 1997, section 3.8: nested data): samples of one
process share its memory layout and its neighbours, and are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from workbench.measure import CONTROL, Session

BLOCK = 3
"""Slices in a block."""
RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Estimates:
    """What a session says. Times are ns of CPU (or wall) time for one slice.

    Raises ValueError for a session without a single full pass.
    """

    def __init__(self, session: Session, slice_events: float, clock: str = "cpu_ns") -> None:
        self._variants = session.variants
        self._events = slice_events
        medians = _block_medians(session, clock)
        self._point = np.mean([np.mean(process, axis=0) for process in medians], axis=0)
        rng = np.random.default_rng(session.design.seed)
        draws = np.empty((RESAMPLES, len(self._variants)))
        for draw in range(RESAMPLES):
            chosen = rng.integers(len(medians), size=len(medians))
            draws[draw] = np.mean(
                [
                    medians[index][rng.integers(len(medians[index]), size=len(medians[index]))].mean(axis=0)
                    for index in chosen
                ],
                axis=0,
            )
        self._draws = draws

    def events_per_second(self, name: str) -> Estimate:
        """Throughput of a variant."""
        index = self._variants.index(name)
        return self._estimate(self._events * 1e9 / self._point[index], self._events * 1e9 / self._draws[:, index])

    def speedup(self, name: str, base: str) -> Estimate:
        """How many times faster ``name`` is than ``base``, from the same resamples of both."""
        one, other = self._variants.index(name), self._variants.index(base)
        return self._estimate(self._point[other] / self._point[one], self._draws[:, other] / self._draws[:, one])

    def noise_floor(self, reference: str) -> float:
        """How far from 1 the A/A interval reaches, in either direction."""
        control = self.speedup(CONTROL, reference)
        return max(abs(control.low - 1), abs(control.high - 1))

    @staticmethod
    def _estimate(value: float, draws: npt.NDArray[np.float64]) -> Estimate:
        low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(float(value), float(low), float(high))


def verdict(ratio: Estimate, floor: float) -> str:
    """``faster``, ``slower`` or ``no difference shown``: the interval must lie beyond 1 by more than the noise
    floor."""
    if ratio.low > 1 + floor:
        return "faster"
    if ratio.high < 1 - floor:
        return "slower"
    return "no difference shown"


def _block_medians(session: Session, clock: str) -> list[npt.NDArray[np.float64]]:
    """For each process an array, shape (blocks, variants), of median slice times; blocks of all its passes."""
    column = {"wall_ns": 5, "cpu_ns": 6}[clock]
    samples = np.array(session.samples, dtype=np.int64)
    if not len(samples):
        raise ValueError("no pass was completed")
    processes = []
    for process in np.unique(samples[:, 0]):
        own = samples[samples[:, 0] == process]
        passes, slices, variants = (int(own[:, place].max()) + 1 for place in (1, 2, 3))
        times = np.zeros((passes, slices, variants))
        times[own[:, 1], own[:, 2], own[:, 3]] = own[:, column]
        blocks = _blocks(slices)
        processes.append(
            np.array(
                [np.median(times[number, start:stop], axis=0) for number in range(passes) for start, stop in blocks]
            )
        )
    return processes


def _blocks(slices: int) -> Sequence[tuple[int, int]]:
    """Blocks of neighbouring slices."""
    edges = np.linspace(0, slices, max(1, slices // BLOCK) + 1).astype(int)
    return [(int(start), int(stop)) for start, stop in pairwise(edges)]
