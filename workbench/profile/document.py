"""The profile document: what one tool found out about one variant (docs/profiling.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.workbench.profile.attribution import Spent, Values, group, outside, totals
from lobench.workbench.profile.codemap import Frame
from lobench.workbench.profile.model.costs import (
    EngineFacts,
    FunctionCost,
    LineCost,
    MechanismCost,
    Profile,
    StackCost,
    Stacks,
    StageCost,
    Tuning,
)
from lobench.workbench.profile.named_stages import NamedStages
from lobench.workbench.profile.seen import Facts
from lobench.workbench.profile.sources import Sources, is_hidden, shown
from lobench.workbench.profile.stages import GROUPS, Place, mechanism_of, places_of, stage_in

StageOf = Callable[[Sequence[Frame]], str]
"""The stage of a stack."""
CostsOf = Callable[[Values], dict[str, float]]
ShareOf = Callable[[Values], float]


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
    """A document of what was spent on ``events`` events; ``columns`` names the values, the first one ranks."""
    engine = None
    if isinstance(variant, Variant):
        places = places_of(variant)
        stage: StageOf = partial(stage_in, places=places)
    else:
        # Nothing is known of its mechanisms.
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
        functions=_functions(per_event, columns, costs, share),
        lines=_lines(per_event, stage, sources, costs, share),
        stacks=_stacks(per_event),
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


def _functions(
    spent: Sequence[Spent], columns: Sequence[str], costs: CostsOf, share: ShareOf
) -> tuple[FunctionCost, ...]:
    own = group(spent, lambda entry: (entry.stack[-1].function, shown(entry.stack[-1].file)))
    below = totals(spent, lambda frame: (frame.function, shown(frame.file)))
    nothing = np.zeros(len(columns))
    rows = [
        FunctionCost(
            function,
            file,
            share(own.get((function, file), nothing)),
            share(below[function, file]),
            costs(own.get((function, file), nothing)),
        )
        for function, file in below
    ]
    return tuple(sorted(rows, key=lambda row: -row.costs[columns[0]]))


def _lines(
    spent: Sequence[Spent], stage: StageOf, sources: Sources, costs: CostsOf, share: ShareOf
) -> tuple[LineCost, ...]:
    own = group(spent, lambda entry: (shown(entry.place.file), entry.place.line))
    below = totals(spent, lambda frame: (shown(frame.file), frame.line))
    functions = {(shown(frame.file), frame.line): frame.function for entry in spent for frame in entry.stack}
    stages: dict[tuple[str, int], dict[str, float]] = {}
    for entry in spent:
        at = stages.setdefault((shown(entry.place.file), entry.place.line), {})
        begun = stage(entry.stack)
        at[begun] = at.get(begun, 0.0) + float(entry.values[0])
    return tuple(
        LineCost(
            file,
            line,
            functions[file, line],
            sources.text(file, line),
            max(stages[file, line], key=lambda name: stages[file, line][name]),
            share(values),
            share(below[file, line]),
            costs(values),
        )
        for (file, line), values in own.items()
    )


def _stacks(spent: Sequence[Spent]) -> Stacks:
    """Frames once, and for each stack its frames' places in that list and its values."""
    frames: dict[tuple[str, str, int], int] = {}
    rows = []
    for entry in spent:
        places = tuple(
            frames.setdefault((frame.function, shown(frame.file), frame.line), len(frames)) for frame in entry.stack
        )
        rows.append(StackCost(places, tuple(map(float, entry.values))))
    return Stacks(tuple(frames), tuple(rows))
