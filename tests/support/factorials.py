"""Simulated 2^4 factorial sessions whose main effects and interactions are known."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np

from lobench.engine.policy import CORE_AXES as AXES
from lobench.variants import REFERENCE
from lobench.workbench.measurement.design import CONTROL
from tests.support.noise import feed

POLICIES = {
    "events": ("clone", "zero_copy"),
    "context": ("locked", "snapshot"),
    "features": ("string", "indexed"),
    "lookup": ("linear", "hash"),
}
Gains = Mapping[tuple[str, ...], float]
ADDITIVE: Gains = {("events",): 1.1, ("context",): 1.2, ("features",): 5.0, ("lookup",): 1.3}
"""Gains of the axes, each the same in every combination."""
TRUTH: Gains = {
    **ADDITIVE,
    ("events", "features"): 1.4,
    ("context", "lookup"): 0.9,
    ("events", "features", "lookup"): 1.15,
}
"""A set of axes to a ratio that throughput is multiplied by where all of the set have their later policy."""

NAMES = ["p0_baseline", "p1_zero_copy", "p2_snapshot", "p3_indexed_features", "p4_hash_lookup"]
DESIGN = {"processes": 8, "seconds": 1.0, "slice_records": 1000, "lead_in_records": 0, "passes": 2, "seed": 1}


def throughput(gains: Gains, present: frozenset[str]) -> float:
    """Of the cell where the axes ``present`` have their later policy, the reference's being 1."""
    return float(np.prod([gain for axes, gain in gains.items() if set(axes) <= present]))


def true_effects(gains: Gains) -> dict[str, Any]:
    """The expected results of the analysis, by brute force from the definitions: ``effects`` by axes (the gain averaged
    over the other axes; for a set, the ratio of that gain with and without the last axis), and by axis ``ladder``,
    ``leave_one_out`` and ``shapley``."""

    def log(*present: str) -> float:
        return float(np.log(throughput(gains, frozenset(present))))

    def difference(axes: tuple[str, ...], rest: tuple[str, ...]) -> float:
        if not axes:
            return log(*rest)
        return difference(axes[:-1], (*rest, axes[-1])) - difference(axes[:-1], rest)

    effects = {}
    for number in range(1, 1 << len(AXES)):
        axes = tuple(axis for bit, axis in enumerate(AXES) if number >> bit & 1)
        others = [axis for axis in AXES if axis not in axes]
        settings = [
            tuple(axis for bit, axis in enumerate(others) if chosen >> bit & 1) for chosen in range(1 << len(others))
        ]
        effects[axes] = float(np.exp(np.mean([difference(axes, rest) for rest in settings])))
    orders = list(permutations(AXES))
    shapley = [
        np.mean([log(*order[: order.index(axis) + 1]) - log(*order[: order.index(axis)]) for order in orders])
        for axis in AXES
    ]
    return {
        "effects": effects,
        "ladder": [np.exp(log(*AXES[: i + 1]) - log(*AXES[:i])) for i in range(len(AXES))],
        "leave_one_out": [np.exp(log(*AXES) - log(*(other for other in AXES if other != axis))) for axis in AXES],
        "shapley": [float(np.exp(value)) for value in shapley],
    }


def factorial_feed(
    rng: np.random.Generator, *, processes: int, gains: Gains, noise: float = 0.01, peculiar: float = 0.01
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A feed with a session of the ladder and a factorial session, and its variants.

    Samples have log-normal ``noise``; each process has a log-normal peculiarity of its own for each variant.
    """
    cells = [frozenset(axis for bit, axis in enumerate(AXES) if number >> bit & 1) for number in range(16)]
    names = [",".join(f"{axis}={POLICIES[axis][axis in cell]}" for axis in AXES) for cell in cells]
    ladder = [frozenset(AXES[:count]) for count in range(len(AXES) + 1)]
    known = [
        {"name": name, "phase": phase, "policies": {axis: POLICIES[axis][axis in cell] for axis in AXES}}
        for phase, (name, cell) in enumerate(zip(NAMES, ladder, strict=True))
    ]
    noises = (processes, noise, peculiar)
    made = simulated(rng, [*NAMES, CONTROL], [throughput(gains, cell) for cell in [*ladder, ladder[0]]], *noises)
    speeds = [throughput(gains, cell) for cell in [*cells, cells[0]]]
    made["factorial"] = simulated(rng, [REFERENCE, *names[1:], CONTROL], speeds, *noises)["session"]
    return made, known


def simulated(
    rng: np.random.Generator, names: list[str], speeds: list[float], processes: int, noise: float, peculiar: float
) -> dict[str, Any]:
    """A feed with a session of variants with these speeds: two passes of six slices."""
    shape = (processes, 2, 6, len(names))
    times = 1e9 / np.array(speeds) * rng.lognormal(0, noise, shape)
    times *= rng.lognormal(0, peculiar, (processes, 1, 1, len(names)))
    times *= rng.lognormal(0, 0.1, (processes, 2, 6, 1))
    rows = np.zeros((times.size, 12), dtype=np.int64)
    rows[:, :4] = np.indices(shape).reshape(4, -1).T
    rows[:, 5] = rows[:, 6] = np.rint(times.ravel())
    return feed(names, rows, 6000, {**DESIGN, "processes": processes})
