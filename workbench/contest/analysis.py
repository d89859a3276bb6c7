"""Analyses a contest's samples: each agreeing subject against the first, times per call, the session's error.

The first subject is the reference of the session, and its control: its difference from itself is the laboratory's
error.
"""

from __future__ import annotations

from dataclasses import replace

from lobench.engine.errors import LobenchError
from lobench.workbench.comparison.cmp import judged, p_of
from lobench.workbench.results.model.contest import Contest, Subject
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.refuted import refused
from lobench.workbench.statistics import compared
from lobench.workbench.statistics.analysis import noise
from lobench.workbench.statistics.intervals import estimate
from lobench.workbench.statistics.samples import Timings
from lobench.workbench.statistics.verdicts import SIGNIFICANCE, holm


def analyse(contest: Contest, tolerance: float) -> None:
    """Add the analysis of its session to a contest. With too little data it stays unchanged."""
    session = contest.session
    wrong = refused(contest)
    contest.subjects = tuple(_refused(subject, wrong) for subject in contest.subjects)
    names = [subject.name for subject in contest.subjects if subject.agrees]
    if session is None or len(names) < 2:
        return
    try:
        comparisons = compared(session, contest.clock)
        cpu = comparisons if contest.clock == "cpu_ns" else compared(session)
    except LobenchError:
        return
    base, *others = names
    alike = {name: first for name in others if (first := comparisons.kind(name)) != name and first in names}
    # An exact duplicate joins no family: its answer is that of the other one.
    family = [name for name in others if name not in alike]
    p_values = {name: p_of(comparisons, name, base) for name in others}
    adjusted = p_values | dict(zip(family, holm([p_values[name] for name in family]), strict=True))
    contest.comparisons = tuple(
        judged(comparisons, base, name, tolerance, p_holm=adjusted[name], note=_note(contest, name, alike.get(name)))
        for name in others
    )
    contest.noise = noise(
        session,
        None,
        comparisons,
        [(pair.variant, pair.base, pair.ratio) for pair in contest.comparisons if pair.variant in family],
        # The level that Holm's first step requires of the smallest p.
        SIGNIFICANCE / max(len(family), 1),
    )
    contest.subjects = tuple(
        replace(
            subject,
            cpu_seconds=_seconds(cpu.cpu, subject.name),
            wall_seconds=_seconds(comparisons.wall, subject.name),
        )
        if subject.agrees
        else subject
        for subject in contest.subjects
    )


def _refused(subject: Subject, wrong: dict[str, str]) -> Subject:
    if subject.name not in wrong:
        return subject
    return replace(subject, agrees=False, reason=wrong[subject.name] or None)


def _note(contest: Contest, name: str, first: str | None) -> str | None:
    return f"{name} is the same {contest.kind.removesuffix('s')} as {first}" if first else None


def _seconds(timings: Timings, name: str) -> Interval:
    """Of one call."""
    return estimate(timings.units()[:, timings.column(name)]).ratio(1e-9)
