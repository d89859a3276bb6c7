"""What was recorded of a commit, as whoever reads the history sees it; ``store`` keeps it as it was written.

Later versions add to what earlier ones wrote: what an old file lacks has a default here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lobench.workbench.commits.findings import Spread
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.summaries.model import Place


@dataclass(frozen=True)
class Point:
    """A variant on a feed: ns of CPU time per event with their interval against the anchor, the session's noise
    ``floor``, ``exact`` counts per event by name; ``made_with``: a digest of the recipe and the tools; ``spreads``: the
    least and the most of counts that differ between replays."""

    ns: float
    low: float
    high: float
    floor: float
    exact: Mapping[str, float]
    made_with: str | None = None
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Point:
        """A point as it is kept."""
        return cls(
            **{name: kept[name] for name in ("ns", "low", "high", "floor", "exact")},
            made_with=kept.get("made_with"),
            spreads=kept.get("spreads", {}),
        )


@dataclass(frozen=True)
class Change:
    """An exact count before and after; None where it was not counted."""

    before: float | None
    after: float | None


@dataclass(frozen=True)
class Compared:
    """A variant on a feed against the commit before. ``speed``: above 1 is faster; ``timing``: the verdict of time
    alone; ``instructions``: their relative change; ``exact`` and ``moved``: counts, and those of them that changed;
    ``lines``: those that cost more."""

    feed: str
    variant: str
    verdict: str
    timing: str
    speed: Interval | None
    noise_floor: float | None
    instructions: float | None
    exact: Mapping[str, Change]
    moved: tuple[str, ...]
    lines: tuple[Place, ...]

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Compared:
        """A finding as it is kept (``commits.findings``)."""
        return cls(
            feed=kept["feed"],
            variant=kept["variant"],
            verdict=kept.get("verdict", ""),
            timing=kept["timing"],
            speed=Interval(**kept["ratio"]) if kept["ratio"] else None,
            noise_floor=kept.get("noise_floor"),
            instructions=kept.get("instructions_change"),
            exact={name: Change(**pair) for name, pair in kept.get("exact", {}).items()},
            moved=tuple(kept.get("moved", ())),
            lines=tuple(place(**line) for line in kept.get("lines", ())),
        )


@dataclass(frozen=True)
class Against:
    """A commit's findings against the one before. ``files``: those that changed since."""

    commit: str
    same_code: bool
    findings: tuple[Compared, ...] = ()
    files: tuple[str, ...] = ()

    def of_series(self, feed: str, variant: str) -> Compared | None:
        """The finding of one variant on one feed."""
        return next((one for one in self.findings if (one.feed, one.variant) == (feed, variant)), None)


@dataclass(frozen=True)
class How:
    """The options of the recording commands: ``feeds`` are files by the names of the feeds."""

    feeds: Mapping[str, str] = field(default_factory=dict)
    evaluate: str = "last"
    ladder: str | None = None


@dataclass(frozen=True)
class Recorded:
    """A commit: when it was committed and ``measured`` (s since 1970), its points by feed and variant, and its findings
    against the one before, None for the first."""

    time: int
    subject: str
    session: str | None
    measured: int
    feeds: Mapping[str, Mapping[str, Point]]
    against: Against | None
    how: How

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Recorded:
        """A commit's entry as it is kept."""
        found = kept.get("against")
        how = kept.get("how", {})
        return cls(
            time=kept.get("time", 0),
            subject=kept.get("subject", ""),
            session=kept.get("session"),
            measured=kept.get("measured", 0),
            feeds={
                feed: {variant: Point.of(point) for variant, point in variants.items()}
                for feed, variants in kept.get("feeds", {}).items()
            },
            against=found
            and Against(
                found["commit"],
                found["same_code"],
                tuple(map(Compared.of, found["findings"])),
                tuple(found.get("files", ())),
            ),
            how=How(how.get("feeds", {}), how.get("evaluate", "last"), how.get("ladder")),
        )


@dataclass(frozen=True)
class SessionFacts:
    """A session: its name, rounds of fresh processes, and samples."""

    name: str
    rounds: int
    samples: int


def place(file: str, line: int, text: str, before: float, after: float) -> Place:
    """A source line and its instructions an event, as a finding keeps them."""
    return Place(file, line, text, f"+{after - before:.1f} instructions an event")
