"""The steps of an experiment, in order, over all its feeds."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.feeds import Feed
from lobench.engine.policy import Variant
from lobench.workbench.console import stderr
from lobench.workbench.experiment.document import Document
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.plan import Plan


def conduct(
    document: Document,
    feeds: Sequence[tuple[Sequence[str], Feed]],
    variants: Sequence[Variant],
    files: Sequence[str],
    plan: Plan,
    tuned: str | None = None,
) -> None:
    """Do all that ``plan`` has time for with each feed, given as its specs and itself; feeds that the document holds
    already are gone on with. What is measured is saved, also when this is interrupted."""
    known = list(document.content.feeds)
    before = _samples(document)
    try:
        for number, (specs, source) in enumerate(feeds):
            experiment = FeedExperiment(document, specs, source, variants, files, tuned, plan.time_limit)
            if number < len(known):
                experiment.adopt(known[number])
            else:
                experiment.verify()
            _measure(experiment, plan, first=number == 0)
    except BaseException:
        if _samples(document) > before:
            line = f"stopped; the {_samples(document):,} samples measured so far are kept in {document.folder.result}"
            stderr().print(line, markup=False, soft_wrap=True)
        raise
    document.finish()


def _measure(experiment: FeedExperiment, plan: Plan, *, first: bool) -> None:
    if plan.counters:
        experiment.count()
    with experiment.handed_over():
        if experiment.content.session is None:
            experiment.session(plan)
        else:
            experiment.resume(plan)
        # The ladder stands, whatever comes after it.
        experiment.analyse()
        if plan.limits:
            experiment.limits(plan)
        # Where nothing is evaluated, no phase can earn anything.
        if plan.factorial and not experiment.idle:
            experiment.factorial(plan)
        if plan.from_top and not experiment.idle:
            experiment.from_top(plan)
        if plan.scaling:
            experiment.scaling(plan)
        if plan.sweep and first:
            experiment.sweep(plan)
    if plan.limits or plan.factorial or plan.from_top or plan.scaling:
        experiment.analyse()
    if plan.profile:
        experiment.profile()


def _samples(document: Document) -> int:
    return sum(len(part.samples.rows) for feed in document.content.feeds for part in feed.sessions)
