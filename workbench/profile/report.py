"""What the report shows of each variant's profile, as one plain value (docs/profiling.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lobench.engine.foreign.start import Contestant
from lobench.engine.workload import Workload
from lobench.workbench.profile.collect import Collector, methods_for
from lobench.workbench.profile.difference import difference
from lobench.workbench.profile.flamegraph import flame_graph
from lobench.workbench.profile.summary import SAMPLERS, next_bottleneck, stage_table
from lobench.workbench.profile.tables import BLIND, bottleneck_line
from lobench.workbench.profile.task import Task

LINES = 5
"""Costliest lines, and lines removed and added, that a report shows."""

REPORTED = ("callgrind", "ablation", "perf")
"""Methods that a report is made of."""


def for_report(
    variant: Contestant,
    feed: Sequence[str],
    folder: Path,
    *,
    before: Mapping[str, Any] | None = None,
    tuning: Mapping[str, Any] | None = None,
    workload: Workload,
    seconds: float = 5.0,
    methods: Sequence[str] | None = None,
    report: Callable[[str], None] = lambda label: None,
) -> dict[str, Any]:
    """Profile one variant, or an engine from outside, and say what a report shows of it: an entry of
    ``profiles["variants"]``.

    ``before`` is the entry of the phase before it, None for the first; ``tuning`` the tuning that the variant
    was fitted with, as a result has it. Tools' own output goes to ``folder``. What is
    not installed, or fails, or is no way to look at an engine, is left out and named under ``missing``. ``methods``:
    None for those that a report is made of.
    """
    if methods is None:
        methods = (*REPORTED, *(name for name in methods_for(variant)[:1] if name not in REPORTED))
    task = Task.of(variant, feed, workload)
    collector = Collector(variant, task, folder, seconds=seconds, lenient=True, tuning=tuning)
    return entry_of(collector.collect(methods, report).as_json(), before)


def entry_of(found: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The report's entry for a variant's profile (``Profiles.as_json``)."""
    methods = found["methods"]
    lined = next((name for name in ("callgrind", *SAMPLERS) if name in methods), None)
    timed = next((name for name in (*SAMPLERS, "callgrind") if name in methods), None)
    return {
        "variant": found["variant"],
        "feed": found["feed"],
        "missing": found["missing"],
        "blind_spots": {method: BLIND[method] for method in methods},
        "stages": stage_table(found),
        "fine_stages": {name: methods[name]["stages"] for name in ("callgrind", *SAMPLERS) if name in methods},
        "mechanisms": {name: methods[name]["mechanisms"] for name in ("callgrind", *SAMPLERS) if name in methods},
        "lines": _lines({name: methods[name]["lines"] for name in ("callgrind", *SAMPLERS) if name in methods}),
        "per_event": methods[lined]["per_event"] if lined else {},
        "change": _change(before, found),
        "flame": flame_graph(methods[timed]) if timed else None,
        "next_bottleneck": next_bottleneck(found),
        "next_bottleneck_line": bottleneck_line(found),
        "profile": found,
    }


def _lines(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    """The costliest lines of each method, and behind them those that are another's, so that each can be compared."""
    costliest = {(row["file"], row["line"]) for rows in found.values() for row in rows[:LINES]}
    return {
        method: [row for place, row in enumerate(rows) if place < LINES or (row["file"], row["line"]) in costliest]
        for method, rows in found.items()
    }


def _change(before: Mapping[str, Any] | None, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the phase removed and added, in instructions per event."""
    if before is None or "callgrind" not in before["profile"]["methods"] or "callgrind" not in found["methods"]:
        return None
    whole = difference(before["profile"]["methods"]["callgrind"], found["methods"]["callgrind"])
    lines = {
        what: [row for row in whole["lines"] if row["what"] == what][:LINES] for what in ("removed", "added", "changed")
    }
    return {"before": whole["before"], "per_event": whole["per_event"], "stages": whole["stages"], **lines}
