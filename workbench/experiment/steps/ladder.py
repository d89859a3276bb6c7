"""The ladder: its variants side by side in one session, and the analysis of the samples."""

from __future__ import annotations

from lobench.workbench import statistics
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.sessions import measure_part, run_session
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.measurement.session import Session
from lobench.workbench.processes.starting import WorkerError


def _measure(experiment: FeedExperiment, advance: Advance) -> None:
    """Measure the trusted variants, or the pair, with isolated passes if there is time; resume an incomplete
    session."""
    budget, kept, pair = experiment.budget, experiment.content.session, experiment.pair
    if kept is None:
        try:
            measure_part(
                experiment,
                "session",
                experiment.measured,
                experiment.handed,
                seconds=budget.session,
                precision=budget.precision,
                isolated=True,
                twice=pair[0] if pair else None,
            )
        except WorkerError as error:
            if pair is None:
                raise
            # Without the first variant of a pair there is nothing to compare.
            experiment.lose(error, "when measured")
            experiment.put(session=None, isolated=None)
        return
    session = Session.of(kept, experiment.content.isolated)
    if not session.complete:
        run_session(experiment, "session", session, experiment.handed, isolated=bool(session.isolated))


def _analyse(experiment: FeedExperiment, advance: Advance) -> None:
    document = experiment.document.content
    analysis = statistics.analyse(experiment.content, document.variants, experiment.workload.until, document.ladder)
    experiment.put(analysis=analysis)
    experiment.stale = False


SESSION = Step(
    name="session",
    title="the variants side by side",
    run=_measure,
    needs=("verification",),
    adds=("session", "isolated", "verification"),
    wanted=lambda experiment: experiment.budget.session > 0,
    seconds=lambda budget: budget.session,
)

LADDER = Step(name="ladder", title="analysis of the ladder", run=_analyse, needs=("session",), adds=("analysis",))
"""Marks the ladder as complete, whatever comes after it."""

ANALYSIS = Step(
    name="analysis",
    title="analysis",
    run=_analyse,
    needs=("ladder",),
    adds=("analysis",),
    wanted=lambda experiment: experiment.stale,
)
"""Of all measurements after the ladder."""
