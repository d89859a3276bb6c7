"""The analysis of one feed of a result document, from its raw samples alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.engine.stages import STAGES
from lobench.workbench.measurement.contamination import count_reasons
from lobench.workbench.measurement.design import ALIKE
from lobench.workbench.plan import predictions
from lobench.workbench.results.caution import idleness
from lobench.workbench.results.model.analysis import Analysis, Rung
from lobench.workbench.results.model.attribution import Attribution, Interactions
from lobench.workbench.results.model.control import is_again
from lobench.workbench.results.model.document import FeedResult, VariantEntry
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.ladder import KeptLadder
from lobench.workbench.results.model.noise import Contamination, Noise, NoisiestStep, SmallestEffect
from lobench.workbench.results.model.samples import NamedSamples, SessionResult
from lobench.workbench.results.refuted import refuted
from lobench.workbench.statistics.attribution import attribute, beyond_core
from lobench.workbench.statistics.bias import bias, with_biases
from lobench.workbench.statistics.error_rates import (
    POWER,
    RESAMPLES,
    detectable,
    false_positives,
    pseudo_sessions,
    sequential,
)
from lobench.workbench.statistics.factorial import cells, effects, interactions
from lobench.workbench.statistics.from_top import from_top
from lobench.workbench.statistics.intervals import LEVEL
from lobench.workbench.statistics.ladder import Comparisons, climb, places
from lobench.workbench.statistics.samples import Floats, columns, session_timings, slice_events
from lobench.workbench.statistics.side_measurements import limits, scaling

UNJUDGED = "no verdict: nothing was evaluated"
"""Beside figures of a feed on which features and strategies had nothing to do."""


def analyse(
    feed: FeedResult, variants: Sequence[VariantEntry], until: str = STAGES[-1], ladder: KeptLadder | None = None
) -> Analysis:
    """``Analysis`` of a feed, as in the result document.

    ``variants`` and ``ladder``: the document's; ``until``: the last stage that was computed. If that is only a part of
    the ladder's pipeline, no prediction is graded, and nothing is concluded about phases. Variants whose results differ
    from the reference's are left out. Raises LobenchError if too little was measured.
    """
    session = feed.session
    if session is None:
        raise LobenchError("there are no measurements to analyse")
    wrong = set(refuted(feed))
    comparisons = compared(session)
    trusted = [name for name in session.variants if name not in wrong]
    line = places(trusted, {variant.name: variant.phase for variant in variants})
    whole = until == (ladder.until if ladder else STAGES[-1])
    idle = idleness(feed.name, feed.evaluations, until)
    predicted = ladder.predicted(feed.digest) if ladder else predictions(feed.digest)
    rungs, threshold = climb(comparisons, line, predicted if whole else {}, idle and UNJUDGED)
    biases = bias(comparisons, session, feed.isolated) if feed.isolated else None
    rungs = with_biases(rungs, biases or (), comparisons.reference)
    attribution, interacting = _attributed(feed, variants, comparisons, rungs, wrong) if not idle else (None, None)
    return Analysis(
        clock="cpu_ns",
        level=LEVEL,
        resamples=RESAMPLES,
        method=_method(comparisons),
        ladder=rungs,
        noise=noise(
            session, feed.isolated, comparisons, ((rung.variant, rung.base, rung.step) for rung in rungs), threshold
        ),
        bias=biases,
        attribution=attribution,
        interactions=interacting,
        from_top=from_top(feed, variants, ladder.reference if ladder else None) if whole and not idle else None,
        scaling=scaling(feed.scaling, feed.events, feed.at_once) if feed.scaling else None,
        limits=limits(feed.limits) if feed.limits else None,
    )


def compared(session: SessionResult, clock: str = "cpu_ns") -> Comparisons:
    """The comparisons between variants of a session, by ``clock``. Raises LobenchError without a complete pass."""
    timings = session_timings(session, clock), session_timings(session, "wall_ns")
    return Comparisons(*timings, session.reference, session.measured[-1], session.same, session.laid_out)


def noise(
    session: SessionResult,
    isolated: NamedSamples | None,
    comparisons: Comparisons,
    others: Iterable[tuple[str, str | None, Interval | None]],
    threshold: float,
) -> Noise:
    """A session's own error. ``others``: variants, their bases and speed-ups; ``threshold``: for the p-value of one
    more comparison."""
    table = columns(session.samples)
    same = (comparisons.control, comparisons.reference)
    # Variants may differ more from process to process than the reference does: report the noisiest step.
    pairs = [same, *((variant, base) for variant, base, ratio in others if base is not None and _alike(ratio))]
    rng = np.random.default_rng(session.design.seed)
    sessions = pseudo_sessions(comparisons.cpu, pairs, same, rng)
    rows = session.samples.rows
    flagged = np.flatnonzero(table.contaminated)
    return Noise(
        floor=comparisons.floor,
        control=comparisons.compare(*same).ratio(),
        false_positives=false_positives(sessions),
        sequential_false_positives=sequential(isolated, len(slice_events(session))) if isolated else None,
        controls=tuple(control.result() for control in comparisons.controls),
        mde=_mde(pairs, detectable(sessions, threshold, np.array([comparisons.floor_for(*pair) for pair in pairs]))),
        contaminated=Contamination(
            samples=len(flagged),
            of=len(rows),
            kinds=count_reasons(session.samples.columns, [rows[place] for place in flagged]),
        ),
    )


def _mde(pairs: Sequence[tuple[str, str]], effects: Floats) -> SmallestEffect:
    """The smallest detectable effects of the control's pair, which comes first, and of the noisiest of the others."""
    step = None
    if len(pairs) > 1:
        noisiest = 1 + int(np.argmax(effects[1:]))
        step = NoisiestStep(*pairs[noisiest], float(effects[noisiest]))
    return SmallestEffect(float(effects[0]), POWER, step)


def _alike(step: Interval | None) -> bool:
    """Whether a small effect might be sought between two variants: those that differ by more do such different things
    that the machine's load moves them apart, and their interval says nothing of how small an effect is found."""
    return step is not None and 1 / ALIKE < step.value < ALIKE


def _attributed(
    feed: FeedResult,
    variants: Sequence[VariantEntry],
    comparisons: Comparisons,
    rungs: Sequence[Rung],
    wrong: set[str],
) -> tuple[Attribution | None, Interactions | None]:
    session = feed.factorial
    if session is None or not len(session.samples.rows):
        return None, None
    timings = session_timings(session)
    twice = filter(is_again, session.measured)
    found = cells(timings, variants, comparisons.reference, [*twice, *wrong])
    if found is None:
        return None, None
    # An effect combines cells of all speeds, so it must exceed the largest difference of any identical pair.
    own = compared(session) if session.has_control else comparisons
    every = effects(found, max(control.floor for control in own.controls))
    beyond = beyond_core(comparisons, rungs, variants, {axis.name for axis in found.axes})
    return attribute(found, every, beyond), interactions(found, every)


def _method(comparisons: Comparisons) -> str:
    count = len(comparisons.cpu.processes)
    ratios = "ratios of CPU times without disturbances common to all variants, robust means over slices"
    if not comparisons.cpu.repeated:
        return (
            f"{ratios}; a single process was measured, so intervals are Student's t over its slices, ignore the "
            "difference between processes, and carry no verdict"
        )
    return (
        f"{ratios}; 95 % intervals are Student's t over the log ratios of {count} fresh processes; verdicts with "
        "Holm's correction; error rates from pseudo-sessions in which the names of identical variants are swapped and "
        "slices resampled"
    )
