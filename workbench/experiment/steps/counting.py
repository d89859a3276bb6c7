"""Counting: the mechanism counters of every variant on the feed."""

from __future__ import annotations

from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.measurement import counters
from lobench.workbench.results.model.document import Verified


def _count(experiment: FeedExperiment, advance: Advance) -> None:
    counted, faults = counters.count(experiment.feed, experiment.measured, experiment.workload)
    experiment.put(counters=counted)
    # A variant that cannot be counted fails, although it was verified.
    experiment.add_outcomes(
        Verified(name, 1, False, None, f"when counted, {reason}") for name, reason in faults.items()
    )


COUNTERS = Step(
    name="counters",
    title="mechanism counters",
    run=_count,
    needs=("verification",),
    adds=("counters", "verification"),
    wanted=lambda experiment: experiment.budget.counters,
)
