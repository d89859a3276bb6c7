"""The gain of each phase in the total speed-up, by three methods, and why the three differ.

All three are linear contrasts of the log throughputs of the factorial's cells, y(S) for the set S of phases present:

- the ladder: y(phases up to this one) - y(phases before it);
- leave-one-out: y(all) - y(all but this one);
- Shapley value (Shapley 1953): the mean over all orders of adding the phases,
  ``sum over S without a of |S|! (k - |S| - 1)! / k! * (y(S with a) - y(S))``; the values add up to y(all) - y(none).

They agree where axes do not interact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import factorial

import numpy as np

from lobench.workbench.results import numbers
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.attribution import Attribution, PhaseGain
from lobench.workbench.results.model.document import VariantEntry
from lobench.workbench.statistics.factorial import Axis, Cells, Effect, policies_of, shown
from lobench.workbench.statistics.intervals import estimate
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import Floats

PLAIN = {
    "events": "how records are read",
    "context": "how strategies see the market",
    "features": "how features are named and kept",
    "lookup": "how an order is found",
}
"""Axis to its meaning in plain words; other axes are called by their names."""

_DEFINED = (
    "the ladder adds a phase to those before it, leave-one-out removes it from the full engine, Shapley averages over "
    "all orders"
)


def ladder_weights(axes: int) -> Floats:
    """Weights on the cells of each axis's step, shape (axes, 2^axes)."""
    return np.array([_gain(axes, axis, (1 << axis) - 1) for axis in range(axes)])


def leave_one_out_weights(axes: int) -> Floats:
    """The same of leave-one-out."""
    everything = (1 << axes) - 1
    return np.array([_gain(axes, axis, everything & ~(1 << axis)) for axis in range(axes)])


def shapley_weights(axes: int) -> Floats:
    """The same of the Shapley value."""
    weights = np.zeros((axes, 1 << axes))
    for axis in range(axes):
        for others in range(1 << axes):
            if not others >> axis & 1:
                size = others.bit_count()
                orders = factorial(size) * factorial(axes - size - 1) / factorial(axes)
                weights[axis] += orders * _gain(axes, axis, others)
    return weights


def _gain(axes: int, axis: int, others: int) -> Floats:
    """Weights of the gain of ``axis`` if ``others`` (a set, as bits) are present."""
    weights = np.zeros(1 << axes)
    weights[others | 1 << axis], weights[others] = 1.0, -1.0
    return weights


def attribute(found: Cells, effects: Sequence[Effect], beyond: Sequence[PhaseGain]) -> Attribution:
    """As ``analysis.attribution`` of the result document. ``beyond``: the phases that are not in the factorial."""
    count = len(found.axes)
    ladder, left_out, shapley = (
        [estimate(found.logs @ row).ratio() for row in weights(count)]
        for weights in (ladder_weights, leave_one_out_weights, shapley_weights)
    )
    phases = [
        PhaseGain(
            phase=axis.phase,
            axis=axis.name,
            before=axis.before,
            after=axis.after,
            ladder=ladder[place],
            leave_one_out=left_out[place],
            shapley=shapley[place],
        )
        for place, axis in enumerate(found.axes)
    ]
    total = estimate(found.logs[:, -1] - found.logs[:, 0]).ratio()
    return Attribution(total, (*phases, *beyond), sentence(found.axes, effects))


def beyond_core(
    comparisons: Comparisons, rungs: Sequence[Rung], variants: Sequence[VariantEntry], core: set[str]
) -> list[PhaseGain]:
    """Phases of the ladder that change one axis outside the factorial, as entries of ``attribution.phases``.

    Leave-one-out needs a measured variant that differs from the top phase in this axis alone, where it has what the
    phase replaced; None otherwise. There is no Shapley value, as their combinations are not measured.
    """
    phases = [rung for rung in rungs if rung.phase is not None]
    policies = {rung.variant: policies_of(rung.variant, variants, comparisons.reference) for rung in rungs}
    found = []
    for rung in phases:
        # A phase with the same kernel as the one before has no gain to attribute.
        if rung.phase is None or rung.base is None or rung.step is None:
            continue
        now, then = policies[rung.variant], policies[rung.base]
        changed = _changed(now, then)
        if len(changed) != 1 or changed[0] in core:
            continue
        axis, top = changed[0], phases[-1].variant
        without = next(
            (name for name, own in policies.items() if _is_top_without(own, policies[top], axis, then)), None
        )
        found.append(
            PhaseGain(
                phase=rung.phase,
                axis=axis,
                before=then[axis],
                after=now[axis],
                ladder=rung.step,
                leave_one_out=comparisons.compare(top, without).ratio() if without else None,
                shapley=None,
            )
        )
    return found


def _changed(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(axis for axis in {*one, *other} if one.get(axis) != other.get(axis))


def _is_top_without(own: Mapping[str, str], top: Mapping[str, str], axis: str, then: Mapping[str, str]) -> bool:
    return _changed(own, top) == [axis] and own.get(axis) == then.get(axis)


def sentence(axes: Sequence[Axis], effects: Sequence[Effect]) -> str:
    """Why ladder, leave-one-out and Shapley differ: the largest shown interaction, of two axes if there is one."""
    found = [effect for effect in effects if len(effect.members) > 1 and shown(effect)]
    if not found:
        return f"No interaction between phases is shown, so the three agree within their intervals: {_DEFINED}."
    pairs = [effect for effect in found if len(effect.members) == 2]
    largest = max(pairs or found, key=lambda effect: abs(effect.estimate.value))
    ratio = largest.estimate.ratio()
    interval = f"{numbers.estimate(ratio)} times (95 % interval {numbers.ends(ratio)})"
    if len(largest.members) > 2:
        names = " and ".join(PLAIN.get(axes[place].name, axes[place].name) for place in largest.members)
        return (
            f"The three differ because phases interact: {names} together have an interaction of {interval} on "
            f"throughput; {_DEFINED}."
        )
    main = {effect.members[0]: abs(effect.estimate.value) for effect in effects if len(effect.members) == 1}
    # The gain of the phase that gains less on its own is hidden or taken over by the other's.
    smaller, larger = (axes[place] for place in sorted(largest.members, key=lambda place: main[place]))
    return (
        f"The three differ because phases interact, above all these two: the gain of {smaller.after} over "
        f"{smaller.before} ({PLAIN.get(smaller.name, smaller.name)}) with {larger.after} is {interval} what it is with "
        f"{larger.before} ({PLAIN.get(larger.name, larger.name)}); {_DEFINED}."
    )
