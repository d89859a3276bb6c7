"""The loss of the ladder's top without one single phase: leave-one-out from the top, by axis.

The variant that equals the top except for one axis, where it has the reference's policy, is measured beside the top.
The ratio is the speed of the top over it: a phase earns its place if the top is faster with it. All axes of a feed are
one family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lobench.variants import REFERENCE, discover, ladder
from lobench.workbench.results.model.attribution import FromTop, WithoutPhase
from lobench.workbench.results.model.document import FeedResult, VariantEntry
from lobench.workbench.results.model.verdict import FASTER, SLOWER
from lobench.workbench.results.numbers import ends, estimate
from lobench.workbench.results.refuted import refuted
from lobench.workbench.statistics.factorial import policies_of
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import session_timings
from lobench.workbench.statistics.verdicts import holm, verdict


def from_top(feed: FeedResult, variants: Sequence[VariantEntry], reference: str | None = None) -> FromTop | None:
    """As ``analysis.from_top`` of the result document: from the feed's session of that name, or from the ladder's where
    the same variants were measured in it. None where they were in neither. ``reference``: of a user's ladder, None for
    lobench's own."""
    phases = {entry.phase: entry for entry in variants if entry.phase is not None}
    session, wrong = feed.from_top or feed.session, set(refuted(feed))
    if not phases or session is None or not len(session.samples.rows):
        return None
    top = phases[max(phases)]
    if top.name in wrong or not any(name.startswith(f"{top.name},") for name in session.measured):
        return None
    comparisons = Comparisons(
        session_timings(session),
        session_timings(session, "wall_ns"),
        session.reference,
        session.measured[-1],
        session.same,
    )
    brought = _brought(top.policies, phases, own=reference is None)
    start = policies_of(reference or REFERENCE, variants, REFERENCE)
    entries = [
        _entry(axis, top, brought, _without(axis, start, top, variants, session.measured[:-1]), wrong, comparisons)
        for axis, policy in top.policies.items()
        if policy != start.get(axis)
    ]
    judged = _judged(entries, comparisons, top.name)
    return FromTop(top.name, comparisons.floor, judged, sentence(top.name, judged))


def _brought(policies: Mapping[str, str], phases: Mapping[int, VariantEntry], *, own: bool) -> dict[str, int]:
    """Axis to the first phase that has its policy of ``policies``: not all phases of lobench's own ladder need to have
    been measured."""
    known: list[tuple[int, Mapping[str, str]]]
    known = [(variant.phase or 0, variant.policies) for variant in ladder(discover())] if own else []
    known += [(phase, entry.policies) for phase, entry in phases.items()]
    return {axis: min(phase for phase, own in known if own.get(axis) == policy) for axis, policy in policies.items()}


def _without(
    axis: str, start: Mapping[str, str], top: VariantEntry, variants: Sequence[VariantEntry], measured: Sequence[str]
) -> tuple[str, str | None]:
    """The policy of ``axis`` that the reference has, whose policies are ``start``, and the measured variant that is the
    top with it."""
    policy = start.get(axis, "")
    wanted = {**top.policies, axis: policy}
    return policy, next((name for name in measured if policies_of(name, variants, REFERENCE) == wanted), None)


def _entry(
    axis: str,
    top: VariantEntry,
    phases: Mapping[str, int],
    without: tuple[str, str | None],
    wrong: set[str],
    comparisons: Comparisons,
) -> WithoutPhase:
    """Without figures, which ``_judged`` puts in."""
    policy, variant = without
    note = None
    if axis in top.replaced:
        note = f"{axis} has no effect in {top.name}: its {top.policies.get('layout', '')} layout does that work itself"
    elif variant is None:
        note = "it was not measured"
    elif variant in wrong:
        note = f"{variant} did not compute the reference's results"
    elif comparisons.kind(variant) == comparisons.kind(top.name):
        note = f"{variant} is the same kernel as {top.name} here"
    return WithoutPhase(axis, phases[axis], top.policies[axis], policy, variant, None, None, None, None, note)


def _judged(entries: Sequence[WithoutPhase], comparisons: Comparisons, top: str) -> tuple[WithoutPhase, ...]:
    """The entries, those that have no note with figures and verdicts."""
    measured = {entry.variant: entry for entry in entries if entry.note is None and entry.variant is not None}
    estimates = {variant: comparisons.compare(top, variant) for variant in measured}
    several = comparisons.cpu.repeated
    adjusted = dict(zip(measured, holm([each.p if several else 1.0 for each in estimates.values()]), strict=True))

    def judged(entry: WithoutPhase) -> WithoutPhase:
        if entry.note is not None or entry.variant is None:
            return entry
        each, p_holm = estimates[entry.variant], adjusted[entry.variant]
        return replace(
            entry,
            ratio=each.ratio(),
            p=each.p if several else None,
            p_holm=p_holm if several else None,
            verdict=verdict(each.ratio(), p_holm, comparisons.floor_for(top, entry.variant)),
        )

    return tuple(map(judged, entries))


def sentence(top: str, entries: Sequence[WithoutPhase]) -> str:
    """The phases that do not earn their place in ``top``, and those without a figure."""
    measured = [entry for entry in entries if entry.ratio is not None]
    idle = [entry for entry in measured if entry.verdict != FASTER]
    if not measured:
        said = f"No phase was removed from {top}."
    elif idle:
        said = f"Not shown to earn their place in {top} on this feed: {'; '.join(map(_idle, idle))}."
    else:
        said = f"Every phase that was removed from {top} earns its place on this feed."
    notes = [f"No figure for {_phase(entry)}: {entry.note}." for entry in entries if entry.note]
    return " ".join([said, *notes])


def _idle(entry: WithoutPhase) -> str:
    costs = "faster without it" if entry.verdict == SLOWER else entry.verdict
    ratio = entry.ratio
    interval = f"{estimate(ratio)} times, 95 % interval {ends(ratio)}" if ratio else ""
    return f"{_phase(entry)} ({costs}: {interval})"


def _phase(entry: WithoutPhase) -> str:
    return f"phase {entry.phase}, {entry.axis}"
