"""Series of recorded points in the order of the commits: one for each feed and variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lobench.workbench.commits.findings import Spreads
from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.history.store import History


@dataclass(frozen=True)
class Series:
    """Points of one variant on one feed, oldest first; ``commits`` are hashes."""

    feed: str
    variant: str
    commits: list[str]
    points: list[dict[str, Any]]

    @property
    def times(self) -> list[float]:
        """ns per event."""
        return [point["ns"] for point in self.points]

    @property
    def weights(self) -> list[float | None]:
        """asv's weight of a point: the width of its interval; None for the anchor, which has none."""
        widths = [point["high"] - point["low"] for point in self.points]
        return [2 / width if width > 0 else None for width in widths]

    @property
    def floor(self) -> float:
        """The sessions' noise floor: their median."""
        floors = sorted(point["floor"] for point in self.points)
        return float(floors[len(floors) // 2])

    def comparable(self, index: int) -> bool:
        """Whether a point and the one before were made by the same recipe and tools and counted alike, as far as is
        known: exact counts differ otherwise without a change of the code."""
        before, after = (self.points[place].get("made_with") for place in (index - 1, index))
        return before is None or after is None or before == after

    def spreads(self, before: int, after: int, kind: str) -> Spreads:
        """The least and the most of an exact count at two points."""
        one, other = (self.points[place].get("spreads", {}).get(kind) for place in (before, after))
        return one, other

    def instructions(self) -> list[float | None]:
        """Instructions per event."""
        return [point["exact"].get(INSTRUCTIONS) for point in self.points]


def all_series(history: History, order: Sequence[str]) -> list[Series]:
    """Every series; ``order`` are hashes oldest first, commits that are not among them are left out."""
    recorded = [commit for commit in order if commit in history.points]
    pairs = dict.fromkeys(
        (feed, variant)
        for commit in recorded
        for feed, variants in history.points[commit]["feeds"].items()
        for variant in variants
    )
    found = []
    for feed, variant in sorted(pairs):
        own = [commit for commit in recorded if variant in history.points[commit]["feeds"].get(feed, {})]
        found.append(Series(feed, variant, own, [history.points[commit]["feeds"][feed][variant] for commit in own]))
    return found
