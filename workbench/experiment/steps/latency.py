"""Latency: how long events take to be answered when they come as they did, and faster."""

from __future__ import annotations

from lobench.engine.feeds import Feed, load
from lobench.workbench.console import progress
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.latency.arrivals import clock_of
from lobench.workbench.latency.measure import measure
from lobench.workbench.latency.shown import write_files
from lobench.workbench.results.model.document import Verified


def refuse_without_times(*feeds: Feed) -> None:
    """Raises UsageError if the arrival times of one feed's records are unknown."""
    for feed in feeds:
        clock_of(feed.name, load(feed).records)


def _check(experiment: FeedExperiment) -> None:
    if experiment.budget.latency is not None:
        refuse_without_times(experiment.feed)


def _measure(experiment: FeedExperiment, advance: Advance) -> None:
    """The trusted variants, the reference first; each distribution is written beside the document. A variant that
    computes something else while its calls are timed has not agreed."""
    asked, reference = experiment.budget.latency, experiment.ladder.reference
    assert asked is not None, "it is wanted"
    names = sorted((one.name for one in experiment.trusted), key=lambda name: name != reference)
    with progress("latency", len(names)) as ticker:
        found, lost = measure(
            experiment.feed,
            experiment.handed,
            names,
            experiment.workload,
            asked,
            traced=experiment.traced,
            advance=lambda: ticker.advance(),
        )
    experiment.add_outcomes(Verified(name, 1, False, None, reason) for name, reason in lost.items())
    experiment.put(latency=found)
    write_files(experiment.content, experiment.document.folder.path)


LATENCY = Step(
    name="latency",
    title="latency",
    run=_measure,
    needs=("verification",),
    adds=("latency", "verification"),
    wanted=lambda experiment: experiment.budget.latency is not None,
    check=_check,
)
