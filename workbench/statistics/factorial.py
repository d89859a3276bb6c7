"""The full factorial of the core axes: main effects and interactions on log throughput.

With k axes of two policies there are 2^k cells. The effect of a set A of axes is the contrast
``2^(|A| - k) * sum over cells of (product over a in A of s_a) * log throughput``, s_a being +1 where the axis has its
later policy and -1 where it has its earlier one (Yates 1937; Box, Hunter and Hunter 2005, chapter 5). For one axis this
is its mean log gain over all settings of the others; for two, how many times larger the gain of one is with the other
than without it, as a ratio. Contrasts of different sets are orthogonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lobench.engine.policy import CORE_AXES
from lobench.workbench.results.model.attribution import AxesEffect, Interactions
from lobench.workbench.results.model.document import VariantEntry
from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SLOWER
from lobench.workbench.statistics.intervals import Estimate, estimate
from lobench.workbench.statistics.samples import Floats, Timings
from lobench.workbench.statistics.verdicts import SIGNIFICANCE, holm, verdict

MORE = "more than the product"
LESS = "less than the product"
"""Verdicts on interactions: the joint gain of the axes against the product of their single gains."""


@dataclass(frozen=True)
class Axis:
    """One axis of the factorial, and the phase of the ladder that changes it."""

    name: str
    before: str
    after: str
    phase: int


@dataclass(frozen=True)
class Cells:
    """Log throughput of every combination. ``logs``: shape (processes, 2^k); bit i of a cell's number is set where
    ``axes[i]`` has its later policy."""

    axes: tuple[Axis, ...]
    logs: Floats
    repeated: bool


def cells(timings: Timings, variants: Sequence[VariantEntry], reference: str, leave_out: Sequence[str]) -> Cells | None:
    """The measured cells; None unless every combination of the core axes is among them. ``leave_out``: names whose
    figures cannot be trusted."""
    policies = {name: policies_of(name, variants, reference) for name in timings.names if name not in leave_out}
    start = policies_of(reference, variants, reference)
    axes = []
    for number, name in enumerate(CORE_AXES):
        later = sorted({found[name] for found in policies.values() if name in found} - {start.get(name)})
        if name in start and len(later) == 1:
            axes.append(Axis(name, start[name], later[0], _phase(name, later[0], variants, number + 1)))
    if len(axes) != len(CORE_AXES):
        return None
    axes.sort(key=lambda axis: axis.phase)
    places: dict[int, int] = {}
    for column, name in enumerate(timings.names):
        found = policies.get(name)
        if found is not None and all(found.get(axis) == start[axis] for axis in start if axis not in CORE_AXES):
            number = sum(1 << bit for bit, axis in enumerate(axes) if found.get(axis.name) == axis.after)
            places.setdefault(number, column)
    if len(places) != 1 << len(axes):
        return None
    return Cells(tuple(axes), -timings.units()[:, [places[cell] for cell in range(len(places))]], timings.repeated)


def policies_of(name: str, variants: Sequence[VariantEntry], reference: str) -> dict[str, str]:
    """Policies of a measured variant, by axis. A combination that is only named (``axis=policy,...``) is on top of the
    reference, or of the variant at the beginning of its name; for any other name they are unknown, and empty."""
    known = {variant.name: dict(variant.policies) for variant in variants}
    if name in known:
        return known[name]
    if "=" not in name:
        return {}
    first, *rest = name.split(",")
    base, parts = (reference, [first, *rest]) if "=" in first else (first, rest)
    changes = (part.partition("=") for part in parts)
    return {**known.get(base, {}), **{axis: policy for axis, _, policy in changes}}


def _phase(axis: str, policy: str, variants: Sequence[VariantEntry], otherwise: int) -> int:
    having = [entry.phase for entry in variants if entry.phase is not None and entry.policies.get(axis) == policy]
    return min(having, default=otherwise)


@dataclass(frozen=True)
class Effect:
    """The effect of a set of axes (by place in ``Cells.axes``) on log throughput."""

    members: tuple[int, ...]
    estimate: Estimate
    p_holm: float
    verdict: str


def contrast(axes: int, members: Sequence[int]) -> Floats:
    """Weights of the effect of ``members``, shape (2^axes,)."""
    numbers = np.arange(1 << axes)
    signs = np.prod([2 * (numbers >> member & 1) - 1 for member in members], axis=0)
    weights: Floats = signs * 2.0 ** (len(members) - axes)
    return weights


def effects(found: Cells, floor: float) -> list[Effect]:
    """All 2^k - 1 effects, main effects first, as one family."""
    count = len(found.axes)
    sets = [members for size in range(1, count + 1) for members in combinations(range(count), size)]
    estimates = [estimate(found.logs @ contrast(count, members)) for members in sets]
    # Slices of a single process are not repetitions and prove nothing.
    adjusted = holm([each.p if found.repeated else 1.0 for each in estimates])
    return [
        Effect(members, each, p_holm, _word(verdict(each.ratio(), p_holm, floor), len(members)))
        for members, each, p_holm in zip(sets, estimates, adjusted, strict=True)
    ]


def shown(effect: Effect) -> bool:
    """Whether the effect differs from nothing by more than noise."""
    return effect.p_holm < SIGNIFICANCE and effect.verdict != NO_DIFFERENCE


def interactions(found: Cells, all_effects: Sequence[Effect]) -> Interactions:
    """As ``analysis.interactions`` of the result document."""
    return Interactions(
        tuple(
            AxesEffect(
                axes=tuple(found.axes[member].name for member in effect.members),
                effect=effect.estimate.ratio(),
                p=effect.estimate.p if found.repeated else 1.0,
                p_holm=effect.p_holm,
                verdict=effect.verdict,
            )
            for effect in all_effects
        )
    )


def _word(word: str, order: int) -> str:
    if order == 1 or word == NO_DIFFERENCE:
        return word
    return LESS if word == SLOWER else MORE
