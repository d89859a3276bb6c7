"""The quality of the laboratory's own verdicts: false positives and the smallest detectable effect.

Pseudo-sessions with the session's own design are made from its samples. In each process the names of the pair are
swapped at random, so that the truth is "no difference", and its rounds are resampled. The noise of rounds is already
part of the difference between processes; resampling adds it once more (Davison and Hinkley 1997, section 3.8), so both
parts are scaled until pseudo-sessions vary as much between processes as the session did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from lobench.workbench.results.model.noise import ErrorRate
from lobench.workbench.statistics.intervals import LEVEL
from lobench.workbench.statistics.samples import Floats, Table, Timings, columns
from lobench.workbench.statistics.verdicts import SIGNIFICANCE

RESAMPLES = 2000
POWER = 0.8
FEWEST_RUNS = 20
"""Pairs of sequential runs below which no rate is given."""


@dataclass(frozen=True)
class PseudoSessions:
    """Sessions in which nothing differs. ``values``: mean log ratio, ``errors``: its standard error, both of shape
    (pseudo-sessions, pairs); ``freedom``: degrees of freedom."""

    values: Floats
    errors: Floats
    freedom: int


def pseudo_sessions(
    timings: Timings, pairs: Sequence[tuple[str, str]], control: tuple[str, str], rng: np.random.Generator
) -> PseudoSessions:
    """``RESAMPLES`` pseudo-sessions for each pair of names. ``control`` is identical by construction; of other
    pairs the measured difference is taken away first."""
    one = np.array([timings.column(name) for name, _ in pairs])
    other = np.array([timings.column(base) for _, base in pairs])
    units = timings.units()
    logs = units[:, other] - units[:, one]
    count = len(logs)
    measured = np.array([pair != control for pair in pairs])
    centred = np.where(measured, (logs - logs.mean(axis=0)) * np.sqrt(count / (count - 1)), logs)
    noise = np.zeros((RESAMPLES, count, len(pairs)))
    if len(timings.processes) > 1:
        for place, process in enumerate(timings.processes):
            draws = process.resampled(RESAMPLES, rng)
            noise[:, place] = draws[:, other] - draws[:, one] - logs[place]
    whole, part = (centred**2).mean(axis=0), noise.var(axis=0).mean(axis=0)
    share = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    signs = rng.choice([-1.0, 1.0], size=(RESAMPLES, count, 1))
    drawn = np.sqrt(np.maximum(0, 1 - share)) * centred + noise / np.sqrt(np.maximum(1, share))
    drawn *= signs
    return PseudoSessions(drawn.mean(axis=1), drawn.std(axis=1, ddof=1) / np.sqrt(count), count - 1)


def false_positives(sessions: PseudoSessions) -> ErrorRate:
    """How often the first pair, two identical variants, would be told apart by one comparison, before Holm's correction
    and the noise floor, which both only lower it.

    Names can be swapped in 2^(processes - 1) ways that differ: for the interval no more pseudo-sessions than that count
    as independent.
    """
    from scipy import stats

    critical = stats.t.ppf(1 - SIGNIFICANCE / 2, sessions.freedom)
    wrong = np.abs(sessions.values[:, 0]) > critical * sessions.errors[:, 0]
    return rate(wrong, independent=min(len(wrong), 2 ** min(sessions.freedom, 30)))


def rate(wrong: Any, independent: int) -> ErrorRate:
    """The share of True, as in the result document, with the binomial interval (Wilson 1927) for ``independent``
    trials."""
    from scipy import stats

    measured = float(np.mean(wrong))
    ends = stats.binomtest(round(measured * independent), independent).proportion_ci(LEVEL, method="wilson")
    return ErrorRate(SIGNIFICANCE, measured, float(ends.low), float(ends.high), len(wrong))


def detectable(sessions: PseudoSessions, threshold: float, floor: float | Floats) -> Floats:
    """The smallest effect of each pair, as a fraction, that ``POWER`` of the pseudo-sessions call a difference when it
    is injected. Shape (pairs,). ``floor``: the noise floor, of each pair or of all.

    A session calls it one when its p-value is below ``threshold`` and its interval lies beyond the noise floor; an
    effect moves the mean and not the spread, so that the smallest one found is known for each session.
    """
    from scipy import stats

    needed = np.maximum(
        stats.t.ppf(1 - threshold / 2, sessions.freedom) * sessions.errors,
        stats.t.ppf((1 + LEVEL) / 2, sessions.freedom) * sessions.errors + np.log1p(floor),
    )
    smallest: Floats = np.quantile(needed - sessions.values, POWER, axis=0)
    return np.expm1(np.maximum(0, smallest))


def sequential(isolated: Table, slices: int) -> ErrorRate | None:
    """How often sequential timing calls a variant different from itself: one run of it from start to end, then the next
    one, their samples compared by Welch's t-test as if they were independent. ``isolated``: samples of such runs, of
    ``slices`` slices each. None when there are too few to tell.

    Each sample is taken relative to the median of its slice, so that slices' different work does not count.
    """
    from scipy import stats

    table = columns(isolated)
    wrong: list[bool] = []
    for variant in np.unique(table.variant):
        own = table.where(table.variant == variant)
        runs, run = np.unique(np.stack([own.process, own.number]), axis=1, return_inverse=True)
        times = np.full((runs.shape[1], slices), np.nan)
        times[run, own.slice] = own.time("cpu_ns")
        times = times[~np.isnan(times).any(axis=1)]
        if len(times) > 1 and slices > 1:
            relative = times / np.maximum(1.0, np.median(times, axis=0))
            with catch_warnings():
                # With few runs the same one may be the median everywhere and does not vary.
                simplefilter("ignore", RuntimeWarning)
                test = stats.ttest_ind(relative[:-1], relative[1:], axis=1, equal_var=False)
            wrong += [bool(p < SIGNIFICANCE) for p in test.pvalue]
    return rate(wrong, independent=len(wrong)) if len(wrong) >= FEWEST_RUNS else None
