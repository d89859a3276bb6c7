"""The profile document: one tool's findings about one variant (docs/profiling.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.workbench.profile.attribution import Spent, Values, group, outside
from lobench.workbench.profile.codemap import Frame
from lobench.workbench.profile.model.costs import (
    EngineFacts,
    MechanismCost,
    Profile,
    StageCost,
    StagedLine,
    Tuning,
)
from lobench.workbench.profile.named_stages import NamedStages
from lobench.workbench.profile.rows import CostsOf, ShareOf, functions, lines, stacks
from lobench.workbench.profile.seen import Facts
from lobench.workbench.profile.sources import Sources, is_hidden, shown
from lobench.workbench.profile.stages import GROUPS, Place, mechanism_of, places_of, stage_in

StageOf = Callable[[Sequence[Frame]], str]
"""The stage of a stack."""


def document(
    tool: str,
    columns: Sequence[str],
    spent: Sequence[Spent],
    events: int,
    sources: Sources,
    *,
    variant: Contestant,
    feed: str = "",
    tuning: Tuning | None = None,
    facts: Facts | None = None,
) -> Profile:
    """A document of the costs of ``events`` events; ``columns`` names the values, the first one ranks."""
    engine = None
    if isinstance(variant, Variant):
        places = places_of(variant)
        stage: StageOf = partial(stage_in, places=places)
    else:
        # An engine from outside: its mechanisms are unknown.
        places, named = [], NamedStages(variant.stages)
        stage = lambda stack: named.of(frame.function for frame in stack)  # noqa: E731
        engine = EngineFacts(
            variant.name,
            variant.title,
            variant.version,
            variant.digest,
            variant.offered,
            variant.left_out,
            variant.most_workers,
            variant.stages,
        )
    per_event = [Spent(_readable(entry.stack), entry.values / max(events, 1)) for entry in spent]
    whole = sum((entry.values for entry in per_event), np.zeros(len(columns)))

    def costs(values: Values) -> dict[str, float]:
        return dict(zip(columns, map(float, values), strict=True))

    def share(values: Values) -> float:
        return float(values[0] / whole[0]) if whole[0] else 0.0

    return Profile(
        tool=tool,
        variant=variant.name,
        policies=variant.policies,
        feed=feed,
        tuning=tuning,
        **(facts or Facts()),
        engine=engine,
        events=events,
        columns=tuple(columns),
        per_event=costs(whole),
        stages=_stages(per_event, stage, costs, share),
        mechanisms=_mechanisms(per_event, places, variant, costs, share) if isinstance(variant, Variant) else (),
        functions=functions(per_event, columns, costs, share),
        lines=_lines(per_event, stage, sources, costs, share),
        stacks=stacks(per_event),
    )


def _readable(stack: Sequence[Frame]) -> tuple[Frame, ...]:
    return outside(stack, is_hidden)


def _stages(spent: Sequence[Spent], stage: StageOf, costs: CostsOf, share: ShareOf) -> tuple[StageCost, ...]:
    sums = group(spent, lambda entry: stage(entry.stack))
    return tuple(StageCost(name, GROUPS[name], share(sums[name]), costs(sums[name])) for name in GROUPS if name in sums)


def _mechanisms(
    spent: Sequence[Spent], places: Sequence[Place], variant: Variant, costs: CostsOf, share: ShareOf
) -> tuple[MechanismCost, ...]:
    sums = group(spent, lambda entry: mechanism_of(entry.stack, places))
    names = variant.policies
    return tuple(
        MechanismCost(axis, names.get(str(axis)), share(values), costs(values)) for axis, values in sums.items()
    )


def _lines(
    spent: Sequence[Spent], stage: StageOf, sources: Sources, costs: CostsOf, share: ShareOf
) -> tuple[StagedLine, ...]:
    stages: dict[tuple[str, int], dict[str, float]] = {}
    for entry in spent:
        at = stages.setdefault((shown(entry.place.file), entry.place.line), {})
        begun = stage(entry.stack)
        at[begun] = at.get(begun, 0.0) + float(entry.values[0])
    return tuple(
        StagedLine(
            row.file,
            row.line,
            row.function,
            row.text,
            row.share,
            row.total_share,
            row.costs,
            max(at, key=lambda name: at[name]),
        )
        for row in lines(spent, sources, costs, share)
        for at in [stages[row.file, row.line]]
    )
