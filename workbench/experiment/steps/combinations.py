"""The gains of phases in other orders than the ladder's: all combinations of the core axes, and the top without one
phase at a time.

Both need kernels that nothing else uses, so they are compiled here.
"""

from __future__ import annotations

from dataclasses import replace

from lobench.engine.feeds import LoadedFeed
from lobench.variants import REFERENCE, factorial, from_top
from lobench.workbench.experiment.document import verified
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.sessions import measure_part
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.experiment.steps.verification import compared
from lobench.workbench.experiment.stretch import representative
from lobench.workbench.verification.variants import Settings, verify_all

FACTORIAL_RECORDS = 200_000
"""Records, from the start of the feed, that the factorial replays at least."""


def _factorial(experiment: FeedExperiment, advance: Advance) -> None:
    """On the feed's first records, verified on these."""
    known, feed, workload = dict(experiment.ladder.known), experiment.feed, experiment.workload
    # The reference is one of the combinations and keeps its name; the control is measured beside it.
    combinations = [known[REFERENCE], *factorial(known)[1:]]
    count = representative(feed.records["flags"], workload.evaluate, FACTORIAL_RECORDS)
    first = LoadedFeed(feed.name, feed.slice(0, count), {})
    wrong = [outcome for outcome in verify_all(first, combinations, Settings(workload)) if not outcome.agrees]
    if wrong:
        # An incomplete set is no factorial.
        experiment.add_outcomes(map(verified, wrong))
        return
    prefix = replace(experiment.handed, count=count)
    measure_part(experiment, "factorial", combinations, prefix, seconds=experiment.budget.factorial)


def _from_top(experiment: FeedExperiment, advance: Advance) -> None:
    """Verified like the ladder, on the whole feed."""
    ladder = experiment.ladder
    top, *without = experiment.fitted(from_top(dict(ladder.known), ladder.reference))
    if top.name not in {variant.name for variant in experiment.trusted} or not without:
        return
    experiment.add_outcomes(map(verified, compared(experiment, without)[1:]))
    chosen = [top, *experiment.agreeing(without)]
    seconds = experiment.budget.from_top
    measure_part(experiment, "from_top", chosen, experiment.handed, seconds=seconds, twice=top.name)


FACTORIAL = Step(
    name="factorial",
    title="all combinations of the core axes",
    run=_factorial,
    needs=("verification",),
    adds=("factorial", "verification"),
    # Where nothing is evaluated, no phase can gain anything.
    wanted=lambda experiment: experiment.budget.factorial > 0 and experiment.ladder.crossed and not experiment.idle,
    seconds=lambda budget: budget.factorial,
)

FROM_TOP = Step(
    name="from_top",
    title="the top without one phase at a time",
    run=_from_top,
    needs=("verification",),
    adds=("from_top", "verification"),
    wanted=lambda experiment: experiment.budget.from_top > 0 and experiment.ladder.dismantled and not experiment.idle,
    seconds=lambda budget: budget.from_top,
)
