"""The machine's limits, several workers, and cost against the orders of a level."""

from __future__ import annotations

from dataclasses import replace

from lobench.engine.policy import Variant
from lobench.engine.stages import STAGES
from lobench.variants import REFERENCE, discover
from lobench.workbench import statistics
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.measurement import counters, limits, scaling, sweep
from lobench.workbench.processes.starting import WorkerError

_PROCESSES = 2
"""Fresh processes of the limits and of the sweep."""

_SCALING_PROCESSES, _SCALING_SECONDS = 4, 2.0
"""Seconds of each scaling process: the gain of two workers varies more from process to process."""


def _limits(experiment: FeedExperiment, advance: Advance) -> None:
    # The highest variant of lobench's own that runs in this process.
    shipped = discover()
    ours = [
        one for one in experiment.trusted if isinstance(one, Variant) and one.phase is not None and one.name in shipped
    ]
    top = ours[-1] if ours else shipped[REFERENCE]
    orders = counters.peak_orders(experiment.feed, top, experiment.workload)
    found = limits.measure(
        experiment.handed, orders, processes=_PROCESSES, seconds=experiment.budget.limits, advance=advance
    )
    experiment.put(limits=found)


def _scaling(experiment: FeedExperiment, advance: Advance) -> None:
    """The trusted variants over numbers of workers."""
    seconds = experiment.budget.scaling
    try:
        found, at_once = scaling.measure(
            experiment.handed,
            [variant.name for variant in experiment.trusted],
            experiment.workload,
            traced=experiment.traced,
            processes=max(_PROCESSES, min(_SCALING_PROCESSES, int(seconds / _SCALING_SECONDS))),
            seconds=seconds,
            advance=advance,
        )
    except WorkerError as error:
        experiment.lose(error, "when it was measured on several workers")
        _scaling(experiment, advance)
        return
    experiment.put(scaling=found, at_once=at_once)


def _sweep(experiment: FeedExperiment, advance: Advance) -> None:
    measured = sweep.measure(
        processes=_PROCESSES, seconds=experiment.budget.sweep, until=experiment.workload.until, advance=advance
    )
    experiment.document.content.sweep = replace(measured, analysis=statistics.analyse_sweep(measured))


def _sweeps(experiment: FeedExperiment) -> bool:
    """Once in a document, where both variants that are compared are trusted, and books are built."""
    document = experiment.document.content
    return (
        experiment.budget.sweep > 0
        and document.sweep is None
        and experiment.workload.until != STAGES[0]
        and set(sweep.NAMES) <= {variant.name for variant in experiment.trusted}
    )


LIMITS = Step(
    name="limits",
    title="limits of the machine",
    run=_limits,
    needs=("verification",),
    adds=("limits",),
    wanted=lambda experiment: experiment.budget.limits > 0,
    seconds=lambda budget: budget.limits,
    bar=True,
)

SCALING = Step(
    name="scaling",
    title="scaling over workers",
    run=_scaling,
    needs=("verification",),
    adds=("scaling", "at_once", "verification"),
    # A book belongs to one worker, so a single book does not scale.
    wanted=lambda experiment: experiment.budget.scaling > 0 and experiment.content.books > 1,
    seconds=lambda budget: budget.scaling,
    bar=True,
)

SWEEP = Step(
    name="sweep",
    title="cost against orders at a level",
    run=_sweep,
    needs=("verification",),
    adds=("sweep",),
    wanted=_sweeps,
    seconds=lambda budget: budget.sweep,
    bar=True,
)
