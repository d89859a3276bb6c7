"""The present width of a session's intervals: cheap enough to compute after every pass, for the display and for
``--precision``. Results of a finished session come from ``lobench.workbench.statistics``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lobench.workbench.measurement.session import SESSION_COLUMNS, Session
from lobench.workbench.results.model.control import once

LEVEL = 0.95
LEAST_PROCESSES = 3
"""Fewer say nothing about how processes differ."""


@dataclass(frozen=True)
class Precision:
    """A variant's speed-up over the session's first one, and the widest half-width of its 95 % intervals (over all
    comparisons), a fraction of the ratio; infinite while there are too few processes."""

    ratio: float
    half_width: float


def precisions(session: Session) -> dict[str, Precision]:
    """Of every measured variant but the first, and but those that disagree.

    A process says the median over its slices of the log ratio of times, by the session's clock; the interval is
    Student's t over processes.
    """
    if not session.samples:
        return {}
    rows = np.array(session.samples, dtype=np.int64)
    columns = {name: rows[:, place] for place, name in enumerate(SESSION_COLUMNS)}
    count = len(session.measured)
    # A pass is complete: after sorting, each run of `count` rows is one slice of every variant.
    order = np.lexsort([columns[name] for name in ("variant", "slice", "pass", "process")])
    logs = np.log(np.maximum(columns[session.clock][order], 1)).reshape(-1, count)
    owners = columns["process"][order].reshape(-1, count)[:, 0]
    processes = np.unique(owners)
    found = {}
    for place in range(1, count):
        name = session.measured[place]
        if once(name) in session.disagreeing:
            continue
        medians = [
            np.array([np.median((logs[:, base] - logs[:, place])[owners == process]) for process in processes])
            for base in session.bases(place)
        ]
        widest = max(_half_width(values) for values in medians)
        found[name] = Precision(float(np.exp(medians[0].mean())), widest)
    return found


def reached(session: Session) -> bool:
    """Whether every interval is as narrow as the session's design asks for."""
    aim = session.design.until_precision
    found = precisions(session).values()
    return aim is not None and bool(found) and all(entry.half_width < aim for entry in found)


def _half_width(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if len(values) < LEAST_PROCESSES:
        return float("inf")
    from scipy import stats

    return float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * stats.sem(values))
