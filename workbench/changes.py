"""Comparing two results in time: whether they may be compared at all, and what changed between the two sessions.

Sessions of different times see different machines: other neighbours, other clock rates, other memory layouts. A
ratio to the reference of the same session cancels most of that; absolute figures do not. `lobench cmp` measures two
variants in one session, and is the stronger evidence.

Each process of a session gives one number for each variant, the log of its speed-up over the reference. Two sessions
are two independent groups of such numbers, compared by Welch's t, with Holm's correction over the variants of a feed;
a verdict must lie beyond what both sessions said of two identical things.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.errors import LobenchError, UsageError
from variants import REFERENCE
from workbench.statistics.intervals import LEVEL, Estimate, Interval
from workbench.statistics.samples import Floats, session_timings
from workbench.statistics.verdicts import SLOWER, holm, verdict

Document = Mapping[str, Any]
_MACHINE = {
    "cpu": ("model", "signature", "cores", "threads", "caches"),
    "system": ("machine", "kernel", "virtualization"),
    "memory": ("total_bytes",),
}
"""What a machine's digest is made of."""


@dataclass(frozen=True)
class Change:
    """What one variant's speed became on one feed: new / old, above 1 is faster.

    ``relative`` compares its speed-ups over the reference, each of its own session; None for the reference itself.
    ``absolute`` compares events per second. ``p_holm`` and ``verdict`` are on ``relative``; ``regression``: slower by
    more than the tolerance.
    """

    feed: str
    variant: str
    relative: Interval | None
    absolute: Interval
    p_holm: float | None
    verdict: str | None
    regression: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def machine_differences(old: Document, new: Document) -> list[str]:
    """Why figures of the two may not be compared, though both did the same work: what differs in machine or compiler,
    for a person. ``--force`` overrules these."""
    one, other = old["environment"], new["environment"]
    found = []
    if one["machine_digest"] != other["machine_digest"]:
        details = [
            f"{topic} {name}: {one[topic][name]} and {other[topic][name]}"
            for topic, names in _MACHINE.items()
            for name in names
            if one[topic][name] != other[topic][name]
        ]
        found.append(f"the machines differ ({'; '.join(details) or 'other digests'})")
    for name, what in (("cpu", "the processor that Numba compiles for"), ("variables", "NUMBA_* variables")):
        if one["numba"][name] != other["numba"][name]:
            found.append(f"{what} differ: {one['numba'][name] or 'none'} and {other['numba'][name] or 'none'}")
    flags = sorted(set(one["numba"]["flags"]) ^ set(other["numba"]["flags"]))
    if flags:
        found.append(f"processor features differ that Numba may use: {', '.join(flags)}")
    return found


def work_differences(old: Document, new: Document) -> list[str]:
    """Why the two did not do the same work; nothing overrules these."""
    found = []
    for name in ("evaluate", "until"):
        if old[name] != new[name]:
            found.append(f"--{name} differs: {old[name]} and {new[name]}")
    known = {feed["name"]: feed["digest"] for feed in old["feeds"]}
    for feed in new["feeds"]:
        if known.get(feed["name"], feed["digest"]) != feed["digest"]:
            found.append(f"{feed['name']}: the feed's records differ (digests {known[feed['name']]}, {feed['digest']})")
    if not found and not _common(old, new):
        names = [", ".join(feed["name"] for feed in document["feeds"]) or "none" for document in (old, new)]
        found.append(f"they have no feed in common: {names[0]} and {names[1]}")
    return found


def remarks(old: Document, new: Document) -> list[str]:
    """What differs and does not forbid comparing, for a person."""
    found = []
    one, other = old["environment"], new["environment"]
    for name in sorted({*one["packages"], *other["packages"]}):
        versions = [entry["packages"].get(name, "not there") for entry in (one, other)]
        if versions[0] != versions[1]:
            found.append(f"{name}: {versions[0]}, then {versions[1]}")
    if one["python"] != other["python"]:
        found.append(f"{one['python']}, then {other['python']}")
    digests = [{feed["digest"] for feed in document["feeds"]} for document in (old, new)]
    for document, others, which in ((old, digests[1], "old"), (new, digests[0], "new")):
        alone = [feed["name"] for feed in document["feeds"] if feed["digest"] not in others]
        found += [f"{name}: only in the {which} result" for name in alone]
    for before, after in _common(old, new):
        names = [{rung["variant"] for rung in _analysis(feed)["ladder"]} for feed in (before, after)]
        for only, which in ((names[0] - names[1], "old"), (names[1] - names[0], "new")):
            found += [f"{before['name']}: {name} only in the {which} result" for name in sorted(only)]
    return found


def changes(old: Document, new: Document, tolerance: float = 0.0) -> list[Change]:
    """Changes of every variant that both measured, feed by feed. Raises UsageError for a feed without analysis."""
    return [change for before, after in _common(old, new) for change in _of_feed(before, after, tolerance)]


def _of_feed(before: Document, after: Document, tolerance: float) -> Iterator[Change]:
    # Both sessions' own noise: what each says of two identical things.
    floor = math.prod(1 + _analysis(feed)["noise"]["floor"] for feed in (before, after)) - 1
    logs = [_logs(feed) for feed in (before, after)]
    names = [name for name in logs[1] if name in logs[0]]
    # Times are logs of ns an event: old minus new is the log of how many times faster.
    absolute = {name: _between(logs[0][name], logs[1][name]) for name in names}
    relative = {
        name: _between(logs[0][name] - logs[0][REFERENCE], logs[1][name] - logs[1][REFERENCE])
        for name in names
        if name != REFERENCE
    }
    adjusted = dict(zip(relative, holm([estimate.p for estimate in relative.values()]), strict=True))
    for name in names:
        found = relative.get(name)
        if found is None:
            yield Change(after["name"], name, None, absolute[name].ratio(), None, None, regression=False)
            continue
        ratio, p = found.ratio(), adjusted[name]
        yield Change(
            feed=after["name"],
            variant=name,
            relative=ratio,
            absolute=absolute[name].ratio(),
            p_holm=p,
            verdict=verdict(ratio, p, floor),
            regression=slower_than(ratio, p, floor, tolerance),
        )


def slower_than(ratio: Mapping[str, float], p_holm: float, floor: float, tolerance: float) -> bool:
    """Whether a speed-up is certain to be a slowdown by more than ``tolerance``."""
    scaled = {name: value / (1 - tolerance) for name, value in ratio.items()}
    return verdict(scaled, p_holm, floor) == SLOWER


def _between(one: Floats, other: Floats) -> Estimate:
    """Mean of ``one`` minus mean of ``other``, logs of independent processes, each shape (processes,) (Welch 1947)."""
    value = float(np.mean(one) - np.mean(other))
    if max(np.ptp(one), np.ptp(other)) <= 1e-13 * max(1.0, abs(value)):
        # No spread beyond rounding (exact data): the t-test divides by it.
        return Estimate(value, value, value, 0.0, 0.0 if abs(value) > 1e-12 else 1.0)
    from scipy import stats

    test = stats.ttest_ind(one, other, equal_var=False)
    low, high = test.confidence_interval(LEVEL)
    error = float(np.hypot(stats.sem(one), stats.sem(other)))
    return Estimate(value, float(low), float(high), error, float(test.pvalue))


def _logs(feed: Document) -> dict[str, Floats]:
    """log of ns an event of each trusted variant, one value a process, shape (processes,).

    Raises UsageError for a session of fewer than two processes: from one of them nothing is learned about the next.
    """
    try:
        timings = session_timings(feed["session"])
    except LobenchError as error:
        raise UsageError(f"{feed['name']}: {error}; measure to the end") from error
    if not timings.repeated:
        raise UsageError(f"{feed['name']}: measured in one process only; comparing in time needs two or more each")
    logs = timings.units()
    return {rung["variant"]: logs[:, timings.column(rung["variant"])] for rung in _analysis(feed)["ladder"]}


def _common(old: Document, new: Document) -> list[tuple[Document, Document]]:
    before = {feed["digest"]: feed for feed in old["feeds"]}
    return [(before[feed["digest"]], feed) for feed in new["feeds"] if feed["digest"] in before]


def _analysis(feed: Document) -> Mapping[str, Any]:
    analysis: Mapping[str, Any] | None = feed["analysis"]
    if analysis is None:
        raise UsageError(f"{feed['name']}: a result holds no analysis of it, as it was interrupted; measure to the end")
    return analysis
