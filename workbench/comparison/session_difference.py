"""The difference between two sessions of the same sources, and intervals that include it.

The change of a variant with the same sources from one session to the next is due to the sessions alone: a draw from a
distribution around 0, whose spread s is estimated from all such variants together. Another variant's change has that
spread in addition to that of its processes: the variance of the two means, plus s^2, with as many degrees of freedom as
Welch and Satterthwaite give the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.results.model.analysis import Analysis
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.refuted import refuted
from lobench.workbench.statistics.intervals import LEVEL, Estimate
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import Floats, session_timings

_COMPILERS = ("numba", "llvmlite")


@dataclass(frozen=True)
class Spread:
    """Standard deviation between sessions, on the log scale, from ``count`` changes of variants of the same sources;
    0 of none."""

    value: float
    count: int

    @property
    def fraction(self) -> float | None:
        """The fraction by which they differ; None if unknown."""
        return float(np.expm1(self.value)) if self.count else None


@dataclass(frozen=True)
class Measured:
    """One feed of a result. Raises UsageError for one without analysis, and for a session of fewer than two processes:
    from one of them nothing is learned about the next."""

    document: Result
    feed: FeedResult

    @cached_property
    def comparisons(self) -> Comparisons:
        """Its session, by CPU time."""
        name, session = self.feed.name, self.feed.session
        if session is None:
            raise UsageError(f"{name}: nothing was measured; measure to the end")
        try:
            timings = session_timings(session)
        except LobenchError as error:
            raise UsageError(f"{name}: {error}; measure to the end") from error
        if not timings.repeated:
            raise UsageError(f"{name}: measured in one process only; comparing in time needs two or more each")
        return Comparisons(timings, timings, session.reference, session.measured[-1], session.same)

    @cached_property
    def logs(self) -> dict[str, Floats]:
        """log of ns an event of each trusted variant, one value a process, shape (processes,)."""
        hidden = refuted(self.feed)
        names = [rung.variant for rung in analysis_of(self.feed).ladder if rung.variant not in hidden]
        timings = self.comparisons.cpu
        units = timings.units()
        return {name: units[:, timings.column(name)] for name in names}


def same_sources(one: Measured, other: Measured) -> set[str]:
    """Names of variants that ran the same code with the same parameters in both."""
    documents = one.document, other.document
    if documents[0].source_digest != documents[1].source_digest:
        return set()
    machines = [document.environment for document in documents]
    versions = [[machine.python, *map(machine.packages.get, _COMPILERS)] for machine in machines]
    if versions[0] != versions[1] or machines[0].numba != machines[1].numba:
        return set()
    texts = [
        {entry.name: (entry.source_digest, entry.policies) for entry in document.variants} for document in documents
    ]
    tuned = [each.feed.tuning.parameters if each.feed.tuning else None for each in (one, other)]
    return {
        name
        for name, text in texts[0].items()
        if texts[1].get(name) == text and (tuned[0] == tuned[1] or text[1].get("tuning", "fixed") == "fixed")
    }


def spread(pairs: Sequence[tuple[Measured, Measured]]) -> tuple[Spread, Spread]:
    """How much speed-ups over the reference, and times, differ between sessions: from the variants of the same sources
    in each of ``pairs`` of results of one feed."""
    relative: list[float] = []
    absolute: list[float] = []
    for one, other in pairs:
        changed = {
            name: float(np.mean(one.logs[name]) - np.mean(other.logs[name]))
            for name in same_sources(one, other)
            if name in one.logs and name in other.logs
        }
        absolute += changed.values()
        reference = one.comparisons.reference
        if reference in changed:
            relative += [change - changed[reference] for name, change in changed.items() if name != reference]
    return _spread(relative), _spread(absolute)


def between(one: Floats, other: Floats, sessions: Spread) -> Estimate:
    """Mean of ``one`` minus mean of ``other``, logs of independent processes of two sessions, each shape (processes,)
    (Welch 1947), including the difference between sessions."""
    from scipy import stats

    value = float(np.mean(one) - np.mean(other))
    parts = [(float(np.var(logs, ddof=1) / len(logs)), len(logs) - 1) for logs in (one, other)]
    parts += [(sessions.value**2, sessions.count)] if sessions.count else []
    variance = sum(part for part, _ in parts)
    if variance <= (1e-13 * max(1.0, abs(value))) ** 2:
        # No spread beyond rounding (exact data): the test divides by it.
        return Estimate(value, value, value, 0.0, 0.0 if abs(value) > 1e-12 else 1.0)
    freedom = variance**2 / sum(part**2 / own for part, own in parts)
    error = float(np.sqrt(variance))
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * error
    return Estimate(value, value - half, value + half, error, float(2 * stats.t.sf(abs(value) / error, freedom)))


def analysis_of(feed: FeedResult) -> Analysis:
    """Raises UsageError if there is none."""
    analysis = feed.analysis
    if analysis is None:
        raise UsageError(f"{feed.name}: an interrupted result holds no analysis of it; finish the measurement")
    return analysis


def _spread(changed: Sequence[float]) -> Spread:
    return Spread(float(np.sqrt(np.mean(np.square(changed)))) if changed else 0.0, len(changed))
