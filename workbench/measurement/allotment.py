"""Chooses the number of processes for the rest of a session's time.

A process takes a second or two to start, in which nothing is measured, but only further processes average out the
peculiarities of one. The noise of a pass is averaged out by further passes in any process. Which of the two matters
more differs between machines and between pairs, so a session estimates it from its own samples. With v_P the variance
that a process adds to the log ratio of a pair, and v_W that of a pass, the mean over P processes of n_p passes each has
the variance

    sum over p of (v_P + v_W / n_p) / P^2,

and the half-width of its interval is the root of that times Student's quantile with P - 1 degrees of freedom. The
session uses the P with the narrowest interval (two-stage sampling: W. G. Cochran, "Sampling Techniques", 1977, section
10.6, here with few units).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lobench.workbench.measurement.design import PROCESSES
from lobench.workbench.measurement.precision import LEAST_PROCESSES, LEVEL
from lobench.workbench.measurement.session import Session
from lobench.workbench.statistics.components import levels
from lobench.workbench.statistics.samples import Floats, columns, cubes, slice_events

LEAST_REPEATED = 4
"""Passes beyond the first of each process: fewer do not show how passes differ."""


@dataclass(frozen=True)
class Noise:
    """Variances of the log ratio of a pair; means over the session's pairs."""

    of_process: float
    of_pass: float


def passes(session: Session) -> list[Floats]:
    """For each process with a pass, the log ratios of all its passes, shape (passes, pairs)."""
    result, count = session.result(), len(session.measured)
    events = slice_events(result)
    found = cubes(columns(result.samples), count, events, session.clock).values()
    whole = [cube[~np.isnan(cube).any(axis=(1, 2))] for cube in found]
    # A clock too coarse for a slice says 0, which has no logarithm.
    logs = np.log(np.maximum(np.concatenate(whole), 1 / events[:, None]))
    pairs = [(place, base) for place in range(1, count) for base in session.bases(place)]
    values = np.stack([levels(logs[..., base] - logs[..., place]) for place, base in pairs], axis=1)
    each = np.split(values, np.cumsum([len(cube) for cube in whole])[:-1])
    return [own for own in each if len(own)]


def noise(values: Sequence[Floats]) -> Noise | None:
    """The variances of passes and processes; None with too few of either. ``values``: for each process, shape (passes,
    pairs). The means of processes also differ by the noise of their passes; that part is subtracted."""
    counts = np.array([len(own) for own in values])
    repeated = int((counts - 1).sum())
    if len(values) < LEAST_PROCESSES or repeated < LEAST_REPEATED:
        return None
    within = sum(((own - own.mean(axis=0)) ** 2).sum(axis=0) for own in values) / repeated
    between = np.var([own.mean(axis=0) for own in values], axis=0, ddof=1)
    own = np.maximum(0.0, between - within * np.mean(1 / counts))
    return Noise(float(own.mean()), float(within.mean()))


def best(found: Noise, passes: Sequence[float], left: float, start: float, pass_seconds: float) -> int:
    """The best total number of processes. ``passes``: number of passes of each process so far; ``left``: seconds left
    for further processes; ``start``: seconds that a process takes to start; ``pass_seconds``: those of a pass."""
    from scipy import stats

    done, shares = len(passes), sum(1 / one for one in passes)

    def width(more: int) -> float:
        each = (left / more - start) / pass_seconds
        if each < 1:
            return float("inf")
        count = done + more
        squares = count * found.of_process + found.of_pass * (shares + more / each)
        return float(stats.t.ppf((1 + LEVEL) / 2, count - 1) * np.sqrt(squares) / count)

    return done + min(range(1, max(1, PROCESSES - done) + 1), key=width)


def allotted(session: Session, left: float, start: float, seconds: float) -> int:
    """The total number of processes that the session should have, including those that have measured; unchanged if
    there are too few samples. ``left``: the session's remaining seconds; ``start``, ``seconds``: how long the last
    process took besides measuring, and to measure."""
    if len(session.measured) < 2 or not session.samples or seconds <= 0:
        return session.design.processes
    values = passes(session)
    found = noise(values)
    if found is None:
        # With one pass per process, there are already as many processes as there is time for.
        return session.design.processes
    return best(found, [len(own) for own in values], left, start, seconds / len(values[-1]))
