"""A session as a part of the document: laid out for its variants and its time, then filled, kept as it grows."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.foreign.start import Contestant
from lobench.workbench.console import progress
from lobench.workbench.experiment.budget import FEWEST_CHOSEN, design
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.kernel_identity import same_kernels
from lobench.workbench.measurement.allotment import allotted
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.grain import Grain, choose_grain
from lobench.workbench.measurement.live_view import display
from lobench.workbench.measurement.precision import reached
from lobench.workbench.measurement.session import Course, Session, measure, measured_twice
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.document import Verified

_CHOOSING = 4.0
"""Seconds for choosing the grain, at most."""


def measure_part(
    experiment: FeedExperiment,
    part: str,
    variants: Sequence[Contestant],
    feed: SharedFeed,
    *,
    seconds: float,
    precision: float | None = None,
    isolated: bool = False,
    twice: str | None = None,
) -> None:
    """Design a session of ``seconds`` and run it as ``part`` of the document, with isolated passes if requested and if
    there is time. Its control is a copy of the variant ``twice``, by default the ladder's reference. A second control
    is added at the top unless the session has an identical pair there. If the reference is not one of ``variants``, it
    becomes the session's witness. Nothing is measured if ``twice`` is not among the variants, or is the only one."""
    variants = experiment.agreeing(variants)
    names, reference = [variant.name for variant in variants], experiment.ladder.reference
    if twice is not None and (twice not in names or len(names) == 1):
        return
    # With many variants near the top, rates taken from the reference would leave time for too few processes.
    deciding = [variant.name for variant in experiment.trusted] if twice is None else [reference, *names]
    try:
        grain = _grain(experiment, deciding, seconds)
    except WorkerError as error:
        experiment.lose(error, "when the grain was chosen")
        measure_part(
            experiment,
            part,
            variants,
            feed,
            seconds=seconds,
            precision=precision,
            isolated=isolated,
            twice=twice,
        )
        return
    twice = twice or reference
    rates = grain.nanoseconds
    same_as = same_kernels(variants, experiment.workload.until)
    top = measured_twice(names, rates, same_as, twice)
    twice_over = [top, twice] if top else [twice]
    total = sum(rates.get(name, rates[reference]) for name in [*names, *twice_over])
    made, fits = design(
        seconds,
        events=feed.count,
        pass_seconds=feed.count * total / 1e9,
        processes=experiment.budget.processes,
        grain=(grain.slice_records, grain.lead_in_records),
        pinned=len(usable_cpus()) > 0,
        until_precision=precision,
    )
    witness = None if reference in names else reference
    session = Session([*names, *map(again, twice_over)], feed.count, made, same_as=same_as, witness=witness)
    run_session(experiment, part, session, feed, isolated=isolated and fits)


def _grain(experiment: FeedExperiment, names: Sequence[str], seconds: float) -> Grain:
    """Chosen once for the same variants."""
    key = tuple(names)
    if key not in experiment.grains:
        with progress("choosing the grain", None):
            experiment.grains[key] = choose_grain(
                experiment.handed,
                names,
                experiment.workload,
                reference=experiment.ladder.reference,
                seconds=min(_CHOOSING, seconds / 20),
            )
    return experiment.grains[key]


def run_session(experiment: FeedExperiment, part: str, session: Session, feed: SharedFeed, *, isolated: bool) -> None:
    """Fill a session as ``part`` of the document, from its present state."""

    def put(*, seldom: bool = False) -> None:
        found = {part: session.result()}
        alone = {"isolated": session.isolated_result()} if isolated else {}
        experiment.put(seldom=seldom, **found, **alone)

    # Free to choose the number of processes: the user gave neither that nor a precision.
    free = experiment.budget.processes is None and session.design.until_precision is None
    with display(f"measuring {experiment.feed.name}, {part}", session) as shown:

        def keep() -> None:
            put(seldom=True)
            shown.refresh()

        try:
            measure(
                session,
                feed,
                experiment.workload,
                Course(
                    least=experiment.budget.processes or FEWEST_CHOSEN,
                    keep=keep,
                    enough=reached,
                    advance=shown.advance,
                    allot=allotted if free else None,
                ),
                traced=experiment.traced,
                isolated=isolated,
            )
        finally:
            # First of all, so that an interrupt cannot leave figures of a refuted variant.
            lost = session.lost.items()
            try:
                experiment.add_outcomes(Verified(name, 1, False, None, f"when measured, {how}") for name, how in lost)
            finally:
                put()
