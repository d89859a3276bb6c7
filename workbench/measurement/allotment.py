"""In how many processes the rest of a session's time is best spent.

A process takes a second or two to start, in which nothing is measured, but what is peculiar to it is averaged by other
processes alone. The noise of its rounds is averaged by any round. Which of the two weighs more differs from machine to
machine and from pair to pair, so a session looks at its own: with v_P the variance that a process adds to the log
ratio of a pair, and v_R that of a round, the mean over P processes of R_p rounds each has the variance

    sum over p of (v_P + v_R / R_p) / P^2,

and its interval is as wide as the root of that times Student's quantile with P - 1 degrees of freedom. The P that makes
it narrowest is taken (the two-stage sampling problem: W. G. Cochran, "Sampling Techniques", 1977, section 10.6, here
with few units).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.workbench.measurement.design import PROCESSES
from lobench.workbench.measurement.precision import LEAST_PROCESSES, LEVEL
from lobench.workbench.measurement.session import Session
from lobench.workbench.statistics.samples import Timings, session_timings

_DRAWS = 200


@dataclass(frozen=True)
class Noise:
    """Variances of the log ratio of a pair, means over the pairs of a session."""

    of_process: float
    of_round: float


def noise(timings: Timings, pairs: Sequence[tuple[int, int]]) -> Noise:
    """What a session's processes and rounds add. ``pairs``: places of variants that are compared. Processes differ by
    the noise of their rounds, too, so that is taken off: what resampled rounds vary by."""
    rng = np.random.default_rng(1)
    units = timings.units()
    resampled = [process.resampled(_DRAWS, rng) for process in timings.processes]
    rounds = np.array([len(process.logs) for process in timings.processes])
    own, each = [], []
    for one, other in pairs:
        between = float(np.var(units[:, one] - units[:, other], ddof=1))
        within = np.array([np.var(drawn[:, one] - drawn[:, other], ddof=1) for drawn in resampled])
        own.append(max(0.0, between - float(within.mean())))
        each.append(float((within * rounds).mean()))
    return Noise(float(np.mean(own)), float(np.mean(each)))


def best(found: Noise, rounds: Sequence[float], left: float, start: float, round_seconds: float, least: float) -> int:
    """Processes in all. ``rounds``: of each one so far; ``left``: seconds for all further ones, ``start`` of each for
    its start; a round takes ``round_seconds``, and a process makes ``least`` rounds."""
    from scipy import stats

    done = len(rounds)

    def width(more: int) -> float:
        each = (left / more - start) / round_seconds if more else 0.0
        if more and each < least:
            return float("inf")
        count = done + more
        shares = sum(1 / one for one in rounds) + (more / each if more else 0.0)
        squares = count * found.of_process + found.of_round * shares
        return float(stats.t.ppf((1 + LEVEL) / 2, count - 1) * np.sqrt(squares) / count)

    choices = range(max(1, LEAST_PROCESSES - done), max(1, PROCESSES - done) + 1)
    return done + min(choices, key=width)


def planned(session: Session, left: float, start: float, seconds: float) -> int:
    """How many processes the session should have in all, of which some have measured. ``left``: its seconds still to
    come; the last process took ``start`` beside ``seconds`` of measuring. As many as before where its samples do not
    say."""
    try:
        timings = session_timings(session.result(), session.clock)
    except LobenchError:
        return session.design.processes
    pairs = [(place, base) for place in range(1, len(session.measured)) for base in session.bases(place)]
    rounds = [len(process.logs) for process in timings.processes]
    slices = len(session.slices())
    if not pairs or len(rounds) < LEAST_PROCESSES or max(rounds) < 2 * slices or seconds <= 0:
        # With a pass a process, there are as many processes as there is time for.
        return session.design.processes
    return best(noise(timings, pairs), rounds, left, start, seconds / rounds[-1], slices)
