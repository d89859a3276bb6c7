"""Conducting an experiment: its steps in order, over all feeds, with the messages between them; the document is saved
after each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lobench.engine.feeds import Feed
from lobench.engine.foreign.start import Contestant
from lobench.workbench.console import announce, progress, stderr
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.experiment.document import Document
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Step, in_order
from lobench.workbench.experiment.steps import ALL
from lobench.workbench.experiment.steps.ladder import LADDER
from lobench.workbench.experiment.steps.verification import VERIFICATION
from lobench.workbench.ladder import Ladder
from lobench.workbench.results.model.document import FeedResult, Result

Stands = Callable[[Result, FeedResult, Sequence[Step], Budget], None]
"""Called when a feed's ladder is complete, with the remaining steps."""


def conduct(
    document: Document,
    feeds: Sequence[tuple[Sequence[str], Feed]],
    variants: Sequence[Contestant],
    ladder: Ladder,
    budget: Budget,
    tuning: str | None = None,
    *,
    pair: tuple[str, str] | None = None,
    own: Sequence[Step] = (),
    stands: Stands | None = None,
) -> None:
    """Perform all steps that apply to each feed, the user's ``own`` last. ``feeds``: specs and feed of each; feeds
    already in the document are resumed. ``pair``: names of the two variants to compare; the others are verified, but
    not measured.

    Measurements are saved, even after an interrupt. Raises UsageError for a step whose requirement does not come
    before it.
    """
    steps = in_order([*ALL, *own])
    known = list(document.content.feeds)
    before = _samples(document)
    try:
        for number, (specs, source) in enumerate(feeds):
            # A feed that is already in the document keeps its parameters.
            named = None if number < len(known) else tuning
            with FeedExperiment(document, specs, source, variants, ladder, budget, named, pair) as experiment:
                if number < len(known):
                    experiment.adopt(known[number])
                _go_through(steps, experiment, stands)
    except BaseException:
        if _samples(document) > before:
            line = f"stopped; the {_samples(document):,} samples measured so far are kept in {document.folder.result}"
            stderr().print(line, markup=False, soft_wrap=True)
        raise
    document.finish()


def _go_through(steps: Sequence[Step], experiment: FeedExperiment, stands: Stands | None) -> None:
    done = {VERIFICATION.name} if experiment.begun else set()
    for step in steps:
        step.check(experiment)
    for place, step in enumerate(steps):
        missing = [name for name in step.needs if name not in done]
        # A step's condition may only be evaluated when its needs are met.
        if missing or not step.wanted(experiment):
            # A step whose condition raised an error has reported it.
            failed = experiment.content.added if experiment.begun else None
            if step not in ALL and step.name not in (failed or {}):
                why = f"there is no {missing[0]} in this run" if missing else "it has nothing to do here"
                stderr().print(f"lobench: the step {step.name} is left out: {why}", soft_wrap=True)
            continue
        _do(step, experiment)
        if _is_filled(step, experiment):
            done.add(step.name)
        if step is LADDER and stands is not None:
            # For a user's own step the condition is evaluated only when its turn comes.
            coming = [later for later in steps[place + 1 :] if later in ALL and later.wanted(experiment)]
            stands(experiment.document.content, experiment.content, coming, experiment.budget)


def _is_filled(step: Step, experiment: FeedExperiment) -> bool:
    """Whether a step produced its main result, the first of its outputs; it may have given up, or failed."""
    added = (experiment.content.added or {}).get(step.name)
    if step not in ALL:
        return added is None or added.problem is None
    field = step.adds[0]
    content = experiment.content if hasattr(experiment.content, field) else experiment.document.content
    return getattr(content, field) is not None


def _do(step: Step, experiment: FeedExperiment) -> None:
    seconds = step.seconds(experiment.budget)
    about = f", {seconds:.0f} s" if seconds >= 1 else ""
    announce(f"{experiment.feed.name}: {step.title}{about}")
    if step.bar:
        with progress(step.title, seconds) as ticker:
            step.run(experiment, ticker.advance)
    else:
        step.run(experiment, lambda seconds: None)
    experiment.document.save()


def _samples(document: Document) -> int:
    return sum(len(part.samples.rows) for feed in document.content.feeds for part in feed.sessions)
