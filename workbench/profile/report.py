"""The report's view of each variant's profile (docs/profiling.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lobench.engine.foreign.start import Contestant
from lobench.engine.workload import Workload
from lobench.workbench.profile.collect import Collector, methods_for
from lobench.workbench.profile.difference import difference
from lobench.workbench.profile.flamegraph import flame_graph
from lobench.workbench.profile.model.costs import LineCost, Profile, Tuning
from lobench.workbench.profile.model.variant import Profiled
from lobench.workbench.profile.summary import SAMPLERS, next_bottleneck, stage_table
from lobench.workbench.profile.tables import BLIND, bottleneck_line
from lobench.workbench.profile.task import Task
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.profiles import Change, CostlyLine, FineShare, MechanismShare, VariantProfile

LINES = 5
"""Costliest lines, and lines removed and added, that a report shows."""

REPORTED = ("callgrind", "ablation", "perf")
"""Methods that a report is made of."""

SECONDS = 5.0
"""Of each sampler."""


@dataclass(frozen=True)
class Reported:
    """A variant's whole profile, and the part in a report: an entry of ``profiles["variants"]``."""

    profile: Profiled
    entry: VariantProfile


def for_report(
    variant: Contestant,
    feed: Sequence[str],
    folder: Path,
    *,
    before: Profiled | None = None,
    tuning: Tuning | None = None,
    workload: Workload,
    report: Callable[[str], None] = lambda label: None,
) -> Reported:
    """Profile one variant, or an engine from outside, and make its entry for a report.

    ``before`` is the profile of the phase before it, None for the first; ``tuning`` the tuning that the variant was
    fitted with, as a result has it. The tools' own output goes to ``folder``. Methods that are not installed, fail, or
    do not suit an engine are left out and named under ``missing``.
    """
    methods = (*REPORTED, *(name for name in methods_for(variant)[:1] if name not in REPORTED))
    task = Task.of(variant, feed, workload)
    collector = Collector(variant, task, folder, seconds=SECONDS, lenient=True, tuning=tuning)
    profile = collector.collect(methods, report).profiled()
    return Reported(profile, entry_of(profile, before))


def entry_of(found: Profiled, before: Profiled | None) -> VariantProfile:
    """The part of a variant's profile that goes into a report."""
    profiles = found.profiles
    lined = next((name for name in ("callgrind", *SAMPLERS) if name in profiles), None)
    timed = next((name for name in (*SAMPLERS, "callgrind") if name in profiles), None)
    shown = {name: profiles[name] for name in ("callgrind", *SAMPLERS) if name in profiles}
    return VariantProfile(
        variant=found.variant,
        missing=dict(found.missing),
        blind_spots={method: BLIND[method] for method in found.methods},
        stages=stage_table(found),
        fine_stages={
            name: tuple(FineShare(row.stage, row.group, row.share, row.costs) for row in profile.stages)
            for name, profile in shown.items()
        },
        lines=_lines(shown),
        per_event=profiles[lined].per_event if lined else {},
        change=_change(before, found),
        flame=flame_graph(profiles[timed]) if timed else None,
        next_bottleneck_line=bottleneck_line(found),
        mechanisms={
            name: tuple(MechanismShare(row.axis, row.policy, row.share, row.costs) for row in profile.mechanisms)
            for name, profile in shown.items()
        },
        more={"feed": found.feed, "next_bottleneck": as_json(next_bottleneck(found))},
    )


def _lines(found: Mapping[str, Profile]) -> dict[str, tuple[CostlyLine, ...]]:
    """The costliest lines of each method, and behind them those that are another's, so that each can be compared."""
    costliest = {(row.file, row.line) for profile in found.values() for row in profile.lines[:LINES]}

    def kept(place: int, row: LineCost) -> bool:
        return place < LINES or (row.file, row.line) in costliest

    return {
        method: tuple(
            from_json(CostlyLine, as_json(row)) for place, row in enumerate(profile.lines) if kept(place, row)
        )
        for method, profile in found.items()
    }


def _change(before: Profiled | None, found: Profiled) -> Change | None:
    """The lines that the phase removed and added, in instructions per event."""
    sides = [side.profiles.get("callgrind") if side else None for side in (before, found)]
    if sides[0] is None or sides[1] is None:
        return None
    whole = difference(sides[0], sides[1])
    lines = {
        what: [as_json(row) for row in whole.lines if row.what == what][:LINES]
        for what in ("removed", "added", "changed")
    }
    told = {"before": whole.before, "per_event": as_json(whole.per_event), "stages": as_json(whole.stages)}
    return from_json(Change, {**told, **lines})
