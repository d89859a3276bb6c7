"""The steps of an experiment, in order, over all its feeds."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.feeds import Feed
from lobench.engine.foreign.start import Contestant
from lobench.workbench.console import stderr
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.experiment.document import Document
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.latency import refuse_without_times
from lobench.workbench.ladder import Ladder


def conduct(
    document: Document,
    feeds: Sequence[tuple[Sequence[str], Feed]],
    variants: Sequence[Contestant],
    ladder: Ladder,
    budget: Budget,
    tuning: str | None = None,
) -> None:
    """Do all that ``budget`` has time for with each feed, given as its specs and itself; feeds that the document holds
    already are gone on with. What is measured is saved, also when this is interrupted."""
    known = list(document.content.feeds)
    before = _samples(document)
    try:
        for number, (specs, source) in enumerate(feeds):
            # What the document holds of a feed, it holds with the parameters that were taken.
            named = None if number < len(known) else tuning
            experiment = FeedExperiment(document, specs, source, variants, ladder, named, budget.time_limit)
            if budget.latency:
                refuse_without_times(experiment.feed)
            if number < len(known):
                experiment.adopt(known[number])
            else:
                experiment.verify()
            _measure(experiment, budget, first=number == 0)
    except BaseException:
        if _samples(document) > before:
            line = f"stopped; the {_samples(document):,} samples measured so far are kept in {document.folder.result}"
            stderr().print(line, markup=False, soft_wrap=True)
        raise
    document.finish()


def _measure(experiment: FeedExperiment, budget: Budget, *, first: bool) -> None:
    if budget.counters:
        experiment.count()
    with experiment.handed_over():
        if experiment.content.session is None:
            experiment.session(budget)
        else:
            experiment.resume(budget)
        # The ladder stands, whatever comes after it.
        experiment.analyse()
        if budget.limits:
            experiment.limits(budget)
        # Where nothing is evaluated, no phase can earn anything.
        if budget.factorial and not experiment.idle:
            experiment.factorial(budget)
        if budget.from_top and not experiment.idle:
            experiment.from_top(budget)
        if budget.scaling:
            experiment.scaling(budget)
        if budget.latency:
            experiment.latency(budget.latency)
        if budget.sweep and first:
            experiment.sweep(budget)
    if budget.limits or budget.factorial or budget.from_top or budget.scaling:
        experiment.analyse()
    if budget.profile:
        experiment.profile()


def _samples(document: Document) -> int:
    return sum(len(part.samples.rows) for feed in document.content.feeds for part in feed.sessions)
