"""Series of recorded points in the order of the commits: one for each feed and variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lobench.workbench.commits.findings import Spreads
from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.history.points import Point
from lobench.workbench.history.store import History


@dataclass(frozen=True)
class Series:
    """Points of one variant on one feed, oldest first; ``commits`` are hashes."""

    feed: str
    variant: str
    commits: list[str]
    points: list[Point]

    @property
    def times(self) -> list[float]:
        """ns per event."""
        return [point.ns for point in self.points]

    @property
    def weights(self) -> list[float | None]:
        """asv's weight of a point: the width of its interval; None for the anchor, which has none."""
        widths = [point.high - point.low for point in self.points]
        return [2 / width if width > 0 else None for width in widths]

    @property
    def floor(self) -> float:
        """The sessions' noise floor: their median."""
        floors = sorted(point.floor for point in self.points)
        return floors[len(floors) // 2]

    def comparable(self, index: int) -> bool:
        """Whether a point and the one before were made with the same recipe and tools and counted in the same way, as
        far as known: otherwise exact counts differ without a change of the code."""
        before, after = (self.points[place].made_with for place in (index - 1, index))
        return before is None or after is None or before == after

    def spreads(self, before: int, after: int, kind: str) -> Spreads:
        """The smallest and largest value of an exact count at two points."""
        one, other = (self.points[place].spreads.get(kind) for place in (before, after))
        return one, other

    def counts(self, kind: str) -> list[float | None]:
        """An exact count per event at each point; None if it was not counted."""
        return [point.exact.get(kind) for point in self.points]

    def instructions(self) -> list[float | None]:
        """Instructions per event."""
        return self.counts(INSTRUCTIONS)


def all_series(history: History, order: Sequence[str]) -> list[Series]:
    """Every series; ``order`` are hashes oldest first, commits that are not among them are left out."""
    series: dict[tuple[str, str], Series] = {}
    for commit in order:
        recorded = history.at(commit)
        for feed, variants in recorded.feeds.items() if recorded is not None else ():
            for variant, point in variants.items():
                one = series.setdefault((feed, variant), Series(feed, variant, [], []))
                one.commits.append(commit)
                one.points.append(point)
    return [series[pair] for pair in sorted(series)]
