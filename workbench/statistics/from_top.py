"""What the top of the ladder loses when one phase alone is taken away from it: leave-one-out from the top, by axis.

The variant that is the top but for one axis, where it has the reference's policy, is measured beside the top. The ratio
is the speed of the top over it: a phase earns its place where the top is faster with it. All axes of a feed are one
family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lobench.variants import REFERENCE, discover, ladder
from lobench.workbench.measurement.design import TWICE
from lobench.workbench.statistics.controls import same_of
from lobench.workbench.statistics.factorial import policies_of
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import session_timings
from lobench.workbench.statistics.verdicts import FASTER, SLOWER, holm, verdict

Json = dict[str, Any]


def from_top(feed: Mapping[str, Any], variants: Sequence[Mapping[str, Any]], wrong: set[str]) -> Json | None:
    """As ``analysis.from_top`` of the result document: from the feed's session of that name, or from the ladder's where
    the same variants were measured in it. None where they were in neither. ``wrong``: names whose figures are not to be
    trusted."""
    phases = [variant for variant in variants if variant["phase"] is not None]
    top = max(phases, key=lambda variant: variant["phase"], default=None)
    session = feed.get("from_top") or feed["session"]
    if top is None or top["name"] in wrong or not len(session["samples"]["rows"]):
        return None
    if not any(name.startswith(f"{top['name']},") for name in session["measured"]):
        return None
    control = session["measured"][-1]
    comparisons = Comparisons(
        session_timings(session),
        session_timings(session, "wall_ns"),
        control.removesuffix(TWICE),
        control,
        same_of(session),
    )
    wrong = wrong | set(session["disagreeing"])
    brought = _brought(top["policies"], phases)
    entries = [
        _entry(axis, top, brought, _without(axis, top, variants, session["measured"][:-1]), wrong, comparisons)
        for axis, policy in top["policies"].items()
        if policy != policies_of(REFERENCE, variants, REFERENCE).get(axis)
    ]
    _judge(entries, comparisons, top["name"])
    return {"top": top["name"], "floor": comparisons.floor, "axes": entries, "sentence": sentence(top["name"], entries)}


def _brought(policies: Mapping[str, str], phases: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Axis to the first phase that has its policy of ``policies``: not all phases need to have been measured."""
    known = [(variant.phase or 0, variant.policies) for variant in ladder(discover())]
    known += [(variant["phase"], variant["policies"]) for variant in phases]
    return {axis: min(phase for phase, own in known if own.get(axis) == policy) for axis, policy in policies.items()}


def _without(
    axis: str, top: Mapping[str, Any], variants: Sequence[Mapping[str, Any]], measured: Sequence[str]
) -> tuple[str, str | None]:
    """The reference's policy of ``axis``, and the measured variant that is the top with it."""
    policy = policies_of(REFERENCE, variants, REFERENCE).get(axis, "")
    wanted = {**top["policies"], axis: policy}
    return policy, next((name for name in measured if policies_of(name, variants, REFERENCE) == wanted), None)


def _entry(
    axis: str,
    top: Mapping[str, Any],
    phases: Mapping[str, int],
    without: tuple[str, str | None],
    wrong: set[str],
    comparisons: Comparisons,
) -> Json:
    policy, variant = without
    note = None
    if axis in top.get("replaced", ()):
        note = (
            f"{axis} has no part in {top['name']}: its {top['policies'].get('layout', '')} layout does that work itself"
        )
    elif variant is None:
        note = "it was not measured"
    elif variant in wrong:
        note = f"{variant} did not compute what the reference computes"
    elif comparisons.kind(variant) == comparisons.kind(top["name"]):
        note = f"{variant} is the same kernel as {top['name']} here"
    return {
        "axis": axis,
        "phase": phases[axis],
        "policy": top["policies"][axis],
        "without": policy,
        "variant": variant,
        **dict.fromkeys(("ratio", "p", "p_holm", "verdict")),
        "note": note,
    }


def _judge(entries: Sequence[Json], comparisons: Comparisons, top: str) -> None:
    """Put figures and verdicts into the entries that have no note."""
    measured = [entry for entry in entries if entry["note"] is None]
    estimates = [comparisons.compare(top, entry["variant"]) for entry in measured]
    several = comparisons.cpu.repeated
    adjusted = holm([each.p if several else 1.0 for each in estimates])
    for entry, each, p_holm in zip(measured, estimates, adjusted, strict=True):
        entry["ratio"] = each.ratio()
        entry["p"], entry["p_holm"] = (each.p, p_holm) if several else (None, None)
        entry["verdict"] = verdict(entry["ratio"], p_holm, comparisons.floor_for(top, entry["variant"]))


def sentence(top: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """Which phases do not earn their place in ``top``, and of which it cannot be told."""
    measured = [entry for entry in entries if entry["ratio"] is not None]
    idle = [entry for entry in measured if entry["verdict"] != FASTER]
    if not measured:
        said = f"No phase was taken away from {top}."
    elif idle:
        said = f"Not shown to earn their place in {top} on this feed: {'; '.join(map(_idle, idle))}."
    else:
        said = f"Every phase that was taken away from {top} earns its place on this feed."
    notes = [f"Of {_phase(entry)} there is no figure: {entry['note']}." for entry in entries if entry["note"]]
    return " ".join([said, *notes])


def _idle(entry: Mapping[str, Any]) -> str:
    ratio = entry["ratio"]
    interval = f"{ratio['value']:.3g} times, 95 % interval {ratio['low']:.3g} to {ratio['high']:.3g}"
    costs = "faster without it" if entry["verdict"] == SLOWER else entry["verdict"]
    return f"{_phase(entry)} ({costs}: {interval})"


def _phase(entry: Mapping[str, Any]) -> str:
    return f"phase {entry['phase']}, {entry['axis']}"
