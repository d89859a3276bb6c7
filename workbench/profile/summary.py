"""Several methods' answers side by side: shares of the stages three ways, where they disagree, and the next
bottleneck."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np

from lobench.engine.errors import UsageError
from lobench.engine.stages import STAGES
from lobench.workbench.profile.model.costs import Profile
from lobench.workbench.profile.model.summary import Bottleneck, Bound, Share
from lobench.workbench.profile.model.variant import Ablation, Found, Profiled
from lobench.workbench.profile.stages import GROUPS, UNKNOWN
from lobench.workbench.results.model.analysis import StageShare
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.profiles import MethodShares

SAMPLERS = ("perf", "py-spy")
DISAGREE = 0.05
"""Shares further apart than this, and outside of each other's intervals, are called a disagreement."""

COMPARED = ("ablation", "callgrind", *SAMPLERS)
"""Methods that tell shares of stages."""


def share_of(profile: Profiled, stage: str) -> Share:
    """Share of a stage in a variant's time, with its 95 % interval and its method.

    ``stage`` is one of ``engine.stages.STAGES`` or a finer one of ``stages.GROUPS``. By ablation where that tells the
    stage, else by sampling, else the share of instructions, which has no interval and is not time. Raises UsageError
    for a stage that the profile does not know.
    """
    shares = shares_by_method(profile)
    for method in ("ablation", *SAMPLERS, "callgrind"):
        found = shares.get(method, {}).get(stage)
        if found is not None:
            return Share(found.value, found.low, found.high, method)
    known = ", ".join(dict.fromkeys([*STAGES, *(name for name in GROUPS if name != UNKNOWN)]))
    raise UsageError(f"the profile of {profile.variant} has no stage '{stage}'; stages are {known}")


def analysis_stages(profile: Profiled) -> list[StageShare]:
    """A variant's stages as a result document keeps them (``analysis.stages``), for predictions; none where no method
    measured time."""
    timed = _only(profile, "ablation", *SAMPLERS)
    names = [*STAGES, *(name for name in GROUPS if name not in (*STAGES, UNKNOWN))]
    rows = []
    for stage in names if timed.methods else []:
        with suppress(UsageError):
            share = share_of(timed, stage)
            rows.append(StageShare(stage, Interval(share.value, share.low, share.high), profile.variant))
    return rows


def stage_table(profile: Profiled) -> tuple[MethodShares, ...]:
    """For each stage of ``STAGES`` its share by each method, and the pairs of methods that contradict each other."""
    shares = shares_by_method(profile)
    rows = []
    for stage in STAGES:
        found = {method: known[stage] for method, known in shares.items() if stage in known}
        disagreements = tuple(
            (one, other)
            for place, one in enumerate(found)
            for other in list(found)[place + 1 :]
            if _apart(found[one], found[other])
        )
        named = {method.replace("-", "_"): share for method, share in found.items()}
        rows.append(MethodShares(stage, disagreements, **named))
    return tuple(rows)


def next_bottleneck(profile: Profiled) -> Bottleneck | None:
    """The stage with the largest share of the time, and the largest possible gain from removing it (Amdahl 1967: 1 / (1
    - share)); None for a profile without stages. The finest available split decides."""
    fine = _only(profile, *(name for name, found in profile.profiles.items() if name in COMPARED and _shares(found)))
    methods = fine if fine.methods else _only(profile, "ablation")
    if not methods.methods:
        return None
    names = [name for name in GROUPS if name != UNKNOWN] if fine.methods else STAGES
    shares = {name: share_of(methods, name) for name in names}
    stage = max(shares, key=lambda name: shares[name].value)
    share = shares[stage]
    bound = Bound(*(1 / (1 - edge) if edge < 1 else None for edge in (share.value, share.low, share.high)))
    others = {}
    for row in stage_table(profile):
        # Instructions are not time: a different share is no contradiction.
        pairs = [pair for pair in row.disagreements if share.method in pair and "callgrind" not in pair]
        if row.stage == stage:
            told = {name: row.by(name) for pair in pairs for name in pair if name != share.method}
            others = {name: other.value for name, other in told.items() if other is not None}
    return Bottleneck(stage, share, bound, others)


def shares_by_method(profile: Profiled) -> dict[str, dict[str, Interval]]:
    """Shares of stages by each used method that shows them."""
    return {name: _shares_by(name, profile.methods[name]) for name in COMPARED if name in profile.methods}


def _shares_by(method: str, found: Found) -> dict[str, Interval]:
    if isinstance(found, Ablation):
        return {row.stage: row.share for row in found.stages}
    assert isinstance(found, Profile), f"{method} tells no stages"
    return _sampled(found) if method in SAMPLERS else _counted(found)


def _only(profile: Profiled, *names: str) -> Profiled:
    """The same, restricted to some methods."""
    return replace(profile, methods={name: found for name, found in profile.methods.items() if name in names})


def _counted(found: Profile) -> dict[str, Interval]:
    return {stage: Interval(share, share, share) for stage, share in _shares(found).items()}


def _sampled(found: Profile) -> dict[str, Interval]:
    """Wilson's interval for a proportion of samples (Wilson 1927), as if samples were independent."""
    n = max(found.kernel_samples or 0, 1)
    z = 1.96
    intervals = {}
    for stage, share in _shares(found).items():
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
        intervals[stage] = Interval(share, max(0.0, middle - half), min(1.0, middle + half))
    return intervals


def _shares(found: Profile) -> Mapping[str, float]:
    """Shares of stages, and of the stages of ``STAGES`` that they form; code without a stage counts for none. Empty if
    nothing has one: an engine from outside may name no functions."""
    if all(row.stage == UNKNOWN for row in found.stages):
        return {}
    shares = dict.fromkeys((*GROUPS, *STAGES), 0.0)
    for row in found.stages:
        for name in {row.stage, GROUPS[row.stage]}:
            shares[name] += row.share
    del shares[UNKNOWN]
    return shares


def _apart(one: Interval, other: Interval) -> bool:
    apart = one.low > other.high or other.low > one.high
    return apart and abs(one.value - other.value) > DISAGREE
