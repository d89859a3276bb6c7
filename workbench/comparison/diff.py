"""Compares two results measured at different times: whether they are comparable, and the changes between them.

Sessions of different times see different machines: other neighbours, other clock rates, other memory layouts. A ratio
to the reference of the same session cancels most of that; absolute figures do not. `lobench cmp` measures two variants
in one session, and is the stronger evidence.

Each process of a session gives one number for each variant, the log of its speed-up over the reference. Two sessions
are two independent groups of such numbers, compared by Welch's t. But all processes of a session share its peculiarity,
so even many processes do not show it. Variants with identical sources do (``session_difference``): their changes are
the difference between sessions, and every interval includes it. Without any, nothing is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lobench.variants import REFERENCE
from lobench.workbench.comparison.session_difference import Measured, Spread, analysis_of, between, same_sources, spread
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.environment import Environment
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import SLOWER
from lobench.workbench.statistics.verdicts import holm, verdict

_MACHINE = {
    "cpu": ("model", "signature", "cores", "threads", "caches"),
    "system": ("machine", "kernel", "virtualization"),
    "memory": ("total_bytes",),
}
"""The facts in a machine's digest."""


@dataclass(frozen=True)
class Change:
    """The change of one variant's speed on one feed: new / old, above 1 is faster.

    ``relative`` compares its speed-ups over the reference, each of its own session; None for the reference itself.
    ``absolute`` compares events per second. ``same``: its sources are the same in both, so that what changed is the
    session; it gets no verdict. ``p_holm`` and ``verdict`` are on ``relative``; ``regression``: slower by more than the
    tolerance.
    """

    feed: str
    variant: str
    relative: Interval | None
    absolute: Interval
    same: bool
    p_holm: float | None
    verdict: str | None
    regression: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class FeedChanges:
    """The changes on one feed, and by how much sessions of the same sources differed."""

    feed: str
    changes: list[Change]
    sessions: Spread

    @property
    def control(self) -> bool:
        """Whether all is of the same sources: then it says how sessions differ, and nothing of variants."""
        return all(change.same for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        return {
            "feed": self.feed,
            "control": self.control,
            "sessions_differ": self.sessions.fraction,
            "same": self.sessions.count,
        }


def machine_differences(one: Environment, other: Environment) -> list[str]:
    """Why figures of the two may not be compared, although both did the same work: the difference in machine or
    compiler, for a person. ``--force`` overrules these."""
    found = []
    if one.machine_digest != other.machine_digest:
        facts = [
            {(topic, name): getattr(getattr(each, topic), name) for topic, names in _MACHINE.items() for name in names}
            for each in (one, other)
        ]
        details = [
            f"{topic} {name}: {fact} and {facts[1][topic, name]}"
            for (topic, name), fact in facts[0].items()
            if fact != facts[1][topic, name]
        ]
        found.append(f"the machines differ ({'; '.join(details) or 'other digests'})")
    ours, theirs = one.numba, other.numba
    for what, before, after in (
        ("the processor that Numba compiles for", ours.cpu, theirs.cpu),
        ("NUMBA_* variables", ours.variables, theirs.variables),
    ):
        if before != after:
            found.append(f"{what} differ: {before or 'none'} and {after or 'none'}")
    flags = sorted(set(ours.flags) ^ set(theirs.flags))
    if flags:
        found.append(f"processor features differ that Numba may use: {', '.join(flags)}")
    return found


def work_differences(old: Result, new: Result) -> list[str]:
    """Why the two did not do the same work; nothing overrules these."""
    found = []
    for name, before, after in (("evaluate", old.evaluate, new.evaluate), ("until", old.until, new.until)):
        if before != after:
            found.append(f"--{name} differs: {before} and {after}")
    references = [each.ladder.reference if each.ladder else REFERENCE for each in (old, new)]
    if references[0] != references[1]:
        found.append(f"their ladders compare with other references: {references[0]} and {references[1]}")
    for pair in _common(old, new):
        first = [feed.session.reference for feed in pair if feed.session]
        if len(set(first)) > 1 and references[0] == references[1]:
            found.append(f"{pair[1].name}: their sessions have different controls: of {first[0]} and of {first[1]}")
    known = {feed.name: feed.digest for feed in old.feeds}
    for feed in new.feeds:
        if known.get(feed.name, feed.digest) != feed.digest:
            found.append(f"{feed.name}: the feed's records differ (digests {known[feed.name]}, {feed.digest})")
    if not found and not _common(old, new):
        names = [", ".join(feed.name for feed in document.feeds) or "none" for document in (old, new)]
        found.append(f"they have no feed in common: {names[0]} and {names[1]}")
    return found


def remarks(old: Result, new: Result) -> list[str]:
    """Differences that do not forbid a comparison, for a person."""
    found = []
    one, other = old.environment, new.environment
    for name in sorted({*one.packages, *other.packages}):
        versions = [entry.packages.get(name, "not there") for entry in (one, other)]
        if versions[0] != versions[1]:
            found.append(f"{name}: {versions[0]}, then {versions[1]}")
    if one.python != other.python:
        found.append(f"{one.python}, then {other.python}")
    digests = [{feed.digest for feed in document.feeds} for document in (old, new)]
    for document, others, which in ((old, digests[1], "old"), (new, digests[0], "new")):
        alone = [feed.name for feed in document.feeds if feed.digest not in others]
        found += [f"{name}: only in the {which} result" for name in alone]
    for before, after in _common(old, new):
        names = [{rung.variant for rung in analysis_of(feed).ladder} for feed in (before, after)]
        for only, which in ((names[0] - names[1], "old"), (names[1] - names[0], "new")):
            found += [f"{before.name}: {name} only in the {which} result" for name in sorted(only)]
    return found


def changes(old: Result, new: Result, tolerance: float = 0.0, controls: Sequence[Result] = ()) -> list[FeedChanges]:
    """The changes on every feed that both measured. ``controls``: further results of the same sources as either of the
    two, which show more of the difference between sessions. Raises UsageError for a feed without analysis."""
    found = []
    for pair in _common(old, new):
        before, after = Measured(old, pair[0]), Measured(new, pair[1])
        spreads = spread([(before, after), *_beside(controls, before, after)])
        found.append(_of_feed(before, after, spreads, tolerance))
    return found


def _beside(controls: Sequence[Result], *compared: Measured) -> Iterator[tuple[Measured, Measured]]:
    """Each further result beside the first of the two that it has sources in common with."""
    for control in controls:
        for measured in compared:
            feeds = [feed for feed in control.feeds if feed.digest == measured.feed.digest]
            if feeds and same_sources(beside := Measured(control, feeds[0]), measured):
                yield beside, measured
                break


def _of_feed(old: Measured, new: Measured, spreads: tuple[Spread, Spread], tolerance: float) -> FeedChanges:
    logs, reference = [old.logs, new.logs], new.comparisons.reference
    names = [name for name in logs[1] if name in logs[0]]
    same = same_sources(old, new)
    # Times are logs of ns per event: old minus new is the log of the speed-up.
    absolute = {name: between(logs[0][name], logs[1][name], spreads[1]) for name in names}
    relative = {
        name: between(logs[0][name] - logs[0][reference], logs[1][name] - logs[1][reference], spreads[0])
        for name in names
        if name != reference
    }
    judged = [name for name in relative if name not in same] if spreads[0].count else []
    adjusted = dict(zip(judged, holm([relative[name].p for name in judged]), strict=True))
    found = []
    for name in names:
        ratio = relative[name].ratio() if name in relative else None
        word, p, slower = None, adjusted.get(name), False
        if ratio is not None and p is not None:
            # The noise of both sessions: the difference each shows between identical variants of about that speed.
            floor = math.prod(1 + each.comparisons.floor_for(name, reference) for each in (old, new)) - 1
            word, slower = verdict(ratio, p, floor), slower_than(ratio, p, floor, tolerance)
        found.append(Change(new.feed.name, name, ratio, absolute[name].ratio(), name in same, p, word, slower))
    return FeedChanges(new.feed.name, found, spreads[0])


def slower_than(ratio: Interval, p_holm: float, floor: float, tolerance: float) -> bool:
    """Whether a speed-up is certain to be a slowdown by more than ``tolerance``."""
    return verdict(ratio.scaled(1 / (1 - tolerance)), p_holm, floor) == SLOWER


def _common(old: Result, new: Result) -> list[tuple[FeedResult, FeedResult]]:
    before = {feed.digest: feed for feed in old.feeds}
    return [(before[feed.digest], feed) for feed in new.feeds if feed.digest in before]
