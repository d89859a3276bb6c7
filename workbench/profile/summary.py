"""Several methods' answers side by side: shares of the stages three ways, where they disagree, and the next
bottleneck."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from lobench.engine.errors import UsageError
from lobench.engine.stages import STAGES
from lobench.workbench.profile.stages import GROUPS, UNKNOWN

SAMPLERS = ("perf", "py-spy")
DISAGREE = 0.05
"""Shares further apart than this, and outside of each other's intervals, are called a disagreement."""

Interval = dict[str, float]


def share_of(profile: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """Share of a variant's time that a stage takes: ``value``, ``low``, ``high`` (95 %) and ``method``.

    ``stage`` is one of ``engine.stages.STAGES`` or a finer one of ``stages.GROUPS``. By ablation where that tells the
    stage, else by sampling, else the share of instructions, which has no interval and is not time. ``profile`` is a
    variant's profile (docs/profiling.md). Raises UsageError for a stage that it does not know.
    """
    methods = profile["methods"]
    if stage in STAGES and "ablation" in methods:
        return {**_ablated(methods["ablation"])[stage], "method": "ablation"}
    for sampler in SAMPLERS:
        if sampler in methods:
            shares = _sampled(methods[sampler])
            if stage in shares:
                return {**shares[stage], "method": sampler}
    if "callgrind" in methods:
        shares = _counted(methods["callgrind"])
        if stage in shares:
            return {**shares[stage], "method": "callgrind"}
    known = ", ".join(dict.fromkeys([*STAGES, *(name for name in GROUPS if name != UNKNOWN)]))
    raise UsageError(f"the profile of {profile['variant']} has no stage '{stage}'; stages are {known}")


def analysis_stages(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A variant's stages as a result document keeps them (``analysis.stages``), for predictions: ``stage``,
    ``variant`` and ``share`` of the time with ``value``, ``low``, ``high``; empty where no method measured time."""
    timed = {name: found for name, found in profile["methods"].items() if name in ("ablation", *SAMPLERS)}
    names = [*STAGES, *(name for name in GROUPS if name not in (*STAGES, UNKNOWN))]
    rows = []
    for stage in names if timed else []:
        with suppress(UsageError):
            share = share_of({**profile, "methods": timed}, stage)
            del share["method"]
            rows.append({"stage": stage, "share": share, "variant": profile["variant"]})
    return rows


def stage_table(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each stage of ``STAGES`` its share by each method, and ``disagreements``: pairs of methods that contradict
    each other."""
    shares = _by_method(profile)
    rows = []
    for stage in STAGES:
        row: dict[str, Any] = {"stage": stage}
        found = {method: known[stage] for method, known in shares.items() if stage in known}
        row.update({method: found.get(method) for method in shares})
        row["disagreements"] = [
            [one, other]
            for place, one in enumerate(found)
            for other in list(found)[place + 1 :]
            if _apart(found[one], found[other])
        ]
        rows.append(row)
    return rows


def next_bottleneck(profile: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stage with the largest share of the time, and what removing it could gain at most (Amdahl 1967:
    1 / (1 - share)); None for a profile that tells no stages. The finest split that there is decides; ``others`` are
    shares of the same stage's time by methods that contradict it."""
    fine = {
        name: found for name, found in profile["methods"].items() if name in (*SAMPLERS, "callgrind") and _shares(found)
    }
    methods = fine or {name: found for name, found in profile["methods"].items() if name == "ablation"}
    if not methods:
        return None
    names = [name for name in GROUPS if name != UNKNOWN] if fine else STAGES
    shares = {name: share_of({**profile, "methods": methods}, name) for name in names}
    stage = max(shares, key=lambda name: float(shares[name]["value"]))
    share = shares[stage]
    bound = {edge: 1 / (1 - share[edge]) if share[edge] < 1 else None for edge in ("value", "low", "high")}
    others = {}
    for row in stage_table(profile):
        # Instructions are not time: that they are another share is no contradiction.
        pairs = [pair for pair in row["disagreements"] if share["method"] in pair and "callgrind" not in pair]
        if row["stage"] == stage:
            others = {name: row[name]["value"] for pair in pairs for name in pair if name != share["method"]}
    return {"stage": stage, "share": share, "bound": bound, "others": others}


def _by_method(profile: Mapping[str, Any]) -> dict[str, dict[str, Interval]]:
    methods = profile["methods"]
    shares = {}
    if "ablation" in methods:
        shares["ablation"] = _ablated(methods["ablation"])
    if "callgrind" in methods:
        shares["callgrind"] = _counted(methods["callgrind"])
    for sampler in SAMPLERS:
        if sampler in methods:
            shares[sampler] = _sampled(methods[sampler])
    return shares


def _ablated(found: Mapping[str, Any]) -> dict[str, Interval]:
    return {row["stage"]: dict(row["share"]) for row in found["stages"]}


def _counted(found: Mapping[str, Any]) -> dict[str, Interval]:
    return {stage: {"value": share, "low": share, "high": share} for stage, share in _shares(found).items()}


def _sampled(found: Mapping[str, Any]) -> dict[str, Interval]:
    """Wilson's interval for a proportion of samples (Wilson 1927), as if samples were independent."""
    n = max(found["kernel_samples"], 1)
    z = 1.96
    intervals = {}
    for stage, share in _shares(found).items():
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
        intervals[stage] = {"value": share, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}
    return intervals


def _shares(found: Mapping[str, Any]) -> dict[str, float]:
    """Shares of stages, and of the stages of ``STAGES`` that they make up; what has no stage is nobody's. Empty where
    nothing has one: an engine from outside may name no functions."""
    if all(row["stage"] == UNKNOWN for row in found["stages"]):
        return {}
    shares = dict.fromkeys((*GROUPS, *STAGES), 0.0)
    for row in found["stages"]:
        for name in {row["stage"], GROUPS[row["stage"]]}:
            shares[name] += float(row["share"])
    del shares[UNKNOWN]
    return shares


def _apart(one: Interval, other: Interval) -> bool:
    apart = one["low"] > other["high"] or other["low"] > one["high"]
    return apart and abs(one["value"] - other["value"]) > DISAGREE
