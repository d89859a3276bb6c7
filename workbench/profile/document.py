"""The profile document: what one tool found out about one variant, as plain values (docs/profiling.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.workbench.profile.attribution import Spent, group, outside
from lobench.workbench.profile.codemap import Frame
from lobench.workbench.profile.named_stages import NamedStages
from lobench.workbench.profile.rows import functions, lines, stacks
from lobench.workbench.profile.sources import Sources, is_hidden, shown
from lobench.workbench.profile.stages import GROUPS, Place, mechanism_of, places_of, stage_in

FORMAT = 1

Document = dict[str, Any]

StageOf = Callable[[Sequence[Frame]], str]
"""The stage of a stack."""


def document(
    tool: str, columns: Sequence[str], spent: Sequence[Spent], events: int, sources: Sources, **facts: Any
) -> Document:
    """A document of what was spent on ``events`` events; ``columns`` names the values, the first one ranks."""
    variant: Contestant = facts.pop("variant")
    if isinstance(variant, Variant):
        places = places_of(variant)
        stage: StageOf = partial(stage_in, places=places)
    else:
        # Nothing is known of its mechanisms.
        places, named = [], NamedStages(variant.stages)
        stage = lambda stack: named.of(frame.function for frame in stack)  # noqa: E731
        facts["engine"] = {**variant.as_json(), "stages": [list(entry) for entry in variant.stages]}
    per_event = [Spent(_readable(entry.stack), entry.values / max(events, 1)) for entry in spent]
    whole = sum((entry.values for entry in per_event), np.zeros(len(columns)))

    def costs(values: Any) -> dict[str, float]:
        return dict(zip(columns, map(float, values), strict=True))

    def share(values: Any) -> float:
        return float(values[0] / whole[0]) if whole[0] else 0.0

    return {
        "kind": "profile",
        "format": FORMAT,
        "tool": tool,
        "variant": variant.name,
        "policies": variant.policies,
        **facts,
        "events": events,
        "columns": list(columns),
        "per_event": costs(whole),
        "stages": _stages(per_event, stage, costs, share),
        "mechanisms": _mechanisms(per_event, places, variant, costs, share) if isinstance(variant, Variant) else [],
        "functions": functions(per_event, columns, costs, share),
        "lines": _lines(per_event, stage, sources, costs, share),
        "stacks": stacks(per_event),
    }


def _readable(stack: Sequence[Frame]) -> tuple[Frame, ...]:
    return outside(stack, is_hidden)


def _stages(spent: Sequence[Spent], stage: StageOf, costs: Any, share: Any) -> list[dict[str, Any]]:
    sums = group(spent, lambda entry: stage(entry.stack))
    return [
        {"stage": name, "group": GROUPS[name], "share": share(sums[name]), **costs(sums[name])}
        for name in GROUPS
        if name in sums
    ]


def _mechanisms(
    spent: Sequence[Spent], places: Sequence[Place], variant: Variant, costs: Any, share: Any
) -> list[dict[str, Any]]:
    sums = group(spent, lambda entry: mechanism_of(entry.stack, places))
    names = variant.policies
    return [
        {"axis": axis, "policy": names.get(str(axis)), "share": share(values), **costs(values)}
        for axis, values in sums.items()
    ]


def _lines(spent: Sequence[Spent], stage: StageOf, sources: Sources, costs: Any, share: Any) -> list[dict[str, Any]]:
    stages: dict[Any, dict[str, float]] = {}
    for entry in spent:
        at = stages.setdefault((shown(entry.place.file), entry.place.line), {})
        begun = stage(entry.stack)
        at[begun] = at.get(begun, 0.0) + float(entry.values[0])
    for row in (rows := lines(spent, sources, costs, share)):
        at = stages[row["file"], row["line"]]
        row["stage"] = max(at, key=lambda name: at[name])
    return rows
