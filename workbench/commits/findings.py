"""The findings of a measurement for one source against another: one for each feed and variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lobench.workbench.commits import lines
from lobench.workbench.commits.lines import ChangedLine
from lobench.workbench.commits.measuring import BY_ACTION, INSTRUCTIONS, Measured
from lobench.workbench.commits.placing import placed
from lobench.workbench.commits.sources import Source
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SHOWN, SLOWER, worded
from lobench.workbench.statistics.ladder import SMALL
from lobench.workbench.statistics.verdicts import holm, verdict

MOVED = 0.001
"""Relative change of an exact count that matters; smaller ones may be chance in engines that draw random numbers."""

Spread = Sequence[float]
"""The smallest and the largest value of a count that differs between replays."""
Spreads = tuple[Spread | None, Spread | None]
"""Before and after; None if all replays agree."""

LEAST_FLOOR = 0.005
"""Differences below this are not claimed, however quiet a session was: with few rounds a control may look too good."""

ONE_ACTION = 0.1
"""A larger rise of the instructions of one kind of action fails, however rare it is in the feed."""

DIFFERS: Final = "results differ"
REPAIRED: Final = "repaired"
NEW: Final = "new"
GONE: Final = "gone"
MORE_WORK: Final = "more work"
NOTHING: Final = "not timed"
"""Verdict where neither time nor instructions were compared. These are a finding's beside the words of any verdict
(``results.model.verdict``)."""

WORSE: Final = (DIFFERS, SLOWER, MORE_WORK, GONE)
"""Verdicts that fail a check."""


@dataclass(frozen=True)
class Finding:
    """One variant on one feed. ``ratio``: how many times faster it is than before, above 1 is faster; ``p`` is Holm's;
    ``exact`` maps a count to (before, after).

    ``allowed`` is the rise of instructions per event that is let pass, as a fraction.
    """

    feed: str
    variant: str
    ratio: Interval | None
    control: Interval | None
    floor: float | None
    exact: dict[str, tuple[float | None, float | None]]
    difference: str | None
    lacking: str | None
    allowed: float = 0.005
    repaired: bool = False
    """BASE did not agree with its own reference, HEAD does: different results are right then."""
    p: float = 1.0
    lines: tuple[ChangedLine, ...] = ()
    """The source lines whose instructions rose most, where lines are known."""
    unchanged: bool = False
    """Both run the same code of it: there is nothing to measure."""
    spreads: dict[str, Spreads] = field(default_factory=dict)
    """Name of a count that differs between replays to its smallest and largest value (before, after)."""

    @property
    def timing(self) -> str:
        """The verdict of time alone."""
        return NOTHING if self.ratio is None or self.floor is None else verdict(self.ratio, self.p, self.floor)

    @property
    def instructions(self) -> float | None:
        """Relative change of the instructions per event; None where they were not counted."""
        return _change(self.exact.get(INSTRUCTIONS, (None, None)))

    @property
    def actions(self) -> dict[str, float]:
        """Kinds of action whose instructions changed by more than replays differ, to the relative change; the largest
        rise first."""
        changes = {name.removeprefix(BY_ACTION): _change(self.exact[name]) for name in self.moved if _is_action(name)}
        moved = {name: change for name, change in changes.items() if change is not None}
        return dict(sorted(moved.items(), key=lambda entry: -entry[1]))

    @property
    def moved(self) -> dict[str, tuple[float | None, float | None]]:
        """The exact counts that changed."""
        return {name: pair for name, pair in self.exact.items() if changed(*pair, spreads=self._spreads(name))}

    @property
    def verdict(self) -> str:
        """One of the words above, or of ``results.model.verdict``.

        Time has the first word: more instructions that take less time are no loss. Where time shows nothing, a sure
        rise of the exact count speaks: of all, or of one kind of action where the whole did not surely fall.
        """
        if self.difference is not None or self.repaired:
            return REPAIRED if self.repaired else DIFFERS
        if self.lacking is not None:
            return self.lacking
        if self.unchanged:
            return NO_DIFFERENCE
        if self.timing in SHOWN:
            return self.timing
        if self.instructions is None:
            return self.timing
        more = self._sure_change(INSTRUCTIONS)
        return MORE_WORK if more > self.allowed or (more > -MOVED and self._one_action()) else NO_DIFFERENCE

    @property
    def words(self) -> str:
        """The verdict as text. A commit is timed in a single build, so a small difference holds for this build only."""
        small = self.ratio is not None and abs(self.ratio.value - 1) < SMALL
        return worded(self.verdict, small and self.verdict in SHOWN)

    def _one_action(self) -> bool:
        changes = (self._sure_change(name) for name in self.exact if _is_action(name))
        return any(change > max(ONE_ACTION, self.allowed) for change in changes)

    def _sure_change(self, name: str) -> float:
        return sure_change(*self.exact[name], self._spreads(name))

    def _spreads(self, name: str) -> Spreads:
        return self.spreads.get(name, (None, None))

    @property
    def worse(self) -> bool:
        """Whether this fails a check."""
        return self.verdict in WORSE

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "feed": self.feed,
            "variant": self.variant,
            "verdict": self.verdict,
            "ratio": self.ratio and asdict(self.ratio),
            "control": self.control and asdict(self.control),
            "noise_floor": self.floor,
            "timing": self.timing,
            "instructions_change": self.instructions,
            "actions": self.actions,
            "exact": {name: {"before": before, "after": after} for name, (before, after) in self.exact.items()},
            "moved": sorted(self.moved),
            "spreads": {name: {"before": before, "after": after} for name, (before, after) in self.spreads.items()},
            "difference": self.difference,
            "unchanged": self.unchanged,
            "lines": [line.as_json() for line in self.lines],
        }


def _change(pair: tuple[float | None, float | None]) -> float | None:
    before, after = pair
    return after / before - 1 if before and after is not None else None


def _is_action(name: str) -> bool:
    return name.startswith(BY_ACTION)


def changed(before: float | None, after: float | None, *, spreads: Spreads = (None, None)) -> bool:
    """Whether an exact count changed by more than replays differ."""
    if before is None or after is None:
        return before != after
    (low, high), (least, most) = _ends(before, after, spreads)
    return max(least - high, low - most) > MOVED * max(abs(before), abs(after))


def sure_change(before: float | None, after: float | None, spreads: Spreads = (None, None)) -> float:
    """The change of an exact count, as a fraction, between the values of all replays that lie nearest to each other: a
    rise from the largest before to the smallest after. 0.0 if they overlap."""
    if not before or after is None:
        return 0.0
    (low, high), (least, most) = _ends(before, after, spreads)
    return least / high - 1 if least > high else min(0.0, most / low - 1)


def _ends(before: float, after: float, spreads: Spreads) -> tuple[Spread, Spread]:
    return spreads[0] or (before, before), spreads[1] or (after, after)


def findings(
    measured: Measured, names: Sequence[str], place: int, base: int = 0, allowed: float = 0.005
) -> list[Finding]:
    """All findings of source ``place`` against ``base``; ``names`` are the feeds'."""
    session = measured.session
    found = []
    for feed, name in enumerate(names):
        for variant in session.variants:
            has = [session.has(session.stands(one, variant), variant) for one in (base, place)]
            if any(has):
                found.append(_finding(measured, names, feed, name, variant, (base, place), has, allowed))
    judged = [index for index, one in enumerate(found) if one.ratio is not None]
    adjusted = holm([found[index].p for index in judged])
    for index, p in zip(judged, adjusted, strict=True):
        found[index] = replace(found[index], p=p)
    return found


def _finding(
    measured: Measured,
    names: Sequence[str],
    feed: int,
    name: str,
    variant: str,
    pair: tuple[int, int],
    has: list[bool],
    allowed: float,
) -> Finding:
    session = measured.session
    place = pair[1]
    keys = [session.name(one, variant) for one in pair]
    counts = [measured.exact.get(key, {}).get((feed, variant), {}) for key in keys]
    exact = {kind: (counts[0].get(kind), counts[1].get(kind)) for kind in {**counts[0], **counts[1]}}
    apart = [measured.spreads.get(key, {}).get((feed, variant), {}) for key in keys]
    spreads: dict[str, Spreads] = {kind: (apart[0].get(kind), apart[1].get(kind)) for kind in {**apart[0], **apart[1]}}
    lacking = None if all(has) else (GONE if has[0] else NEW)
    wrong = difference(measured, names, place, variant)
    found = Finding(name, variant, None, None, None, exact, wrong, lacking, allowed, spreads=spreads)
    if all(has) and any(kind == INSTRUCTIONS or _is_action(kind) for kind in found.moved):
        costs = [measured.lines.get(key, {}).get((feed, variant), {}) for key in keys]
        trees = [session.sources[session.stands(one, variant)].tree for one in pair]
        rises = lines.changed(costs[0], costs[1], trees[0], trees[1]) if all(costs) else []
        found = replace(found, lines=tuple(_placed(one, session.sources[place], trees[1]) for one in rises))
    comparisons = session.comparisons(feed, variant)
    both = all(session.agrees(one, variant) for one in pair)
    if keys[0] == keys[1]:
        return replace(found, unchanged=True)
    if comparisons is None or not both:
        return found
    estimate = comparisons.compare(keys[1], keys[0])
    return replace(
        found,
        ratio=estimate.ratio(),
        p=estimate.p,
        control=comparisons.compare(comparisons.control, comparisons.reference).ratio(),
        floor=max(LEAST_FLOOR, comparisons.floor_for(keys[1], keys[0])),
    )


def _placed(one: ChangedLine, source: Source, tree: Path) -> ChangedLine:
    """A line as the commit itself has it."""
    number, text = placed(source, tree, one.file, one.line)
    return replace(one, line=number, text=text)


def difference(measured: Measured, names: Sequence[str], place: int, variant: str) -> str | None:
    """From which event on a source's results are not the right ones any more; None if they are."""
    apart = measured.session.apart(place, variant)
    return None if apart is None else apart.told(names)
