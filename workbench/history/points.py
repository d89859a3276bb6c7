"""The record of a commit as dataclasses, for readers of the history; ``store`` keeps the JSON as it was written.

Fields added by later versions have a default here, for files of earlier ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lobench.workbench.commits.findings import Finding, Spread
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.summaries.model import Place


@dataclass(frozen=True)
class Point:
    """A variant on a feed: ns of CPU time per event with its interval relative to the anchor, the session's noise
    ``floor``, ``exact`` counts per event by name; ``made_with``: a digest of the recipe and the tools; ``spreads``: the
    smallest and largest value of each count that differs between replays; ``measured_as``: the first commit with the
    same code, which is the one that was measured."""

    ns: float
    low: float
    high: float
    floor: float
    exact: Mapping[str, float]
    made_with: str | None = None
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    measured_as: str | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Point:
        """A point from its JSON."""
        return cls(
            **{name: kept[name] for name in ("ns", "low", "high", "floor", "exact")},
            made_with=kept.get("made_with"),
            spreads=kept.get("spreads", {}),
            measured_as=kept.get("measured_as"),
        )

    def as_json(self) -> dict[str, Any]:
        """The inverse of ``of``; what is not known has no entry."""
        return {name: value for name, value in asdict(self).items() if value or name not in _OPTIONAL}


_OPTIONAL = ("made_with", "spreads", "measured_as")


@dataclass(frozen=True)
class Change:
    """An exact count before and after; None if it was not counted."""

    before: float | None
    after: float | None


@dataclass(frozen=True)
class Compared:
    """A variant on a feed, compared with the commit before. ``speed``: above 1 is faster; ``timing``: the verdict on
    time alone; ``instructions``: their relative change; ``exact``: counts by name; ``moved``: names of those that
    changed; ``lines``: source lines that cost more."""

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
        """A finding from its JSON (``commits.findings``)."""
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
    """A commit's findings compared with an earlier ``commit``. ``files``: files that changed in between."""

    commit: str
    same_code: bool
    findings: tuple[Compared, ...] = ()
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Against:
        """The findings from their JSON."""
        found = tuple(map(Compared.of, kept["findings"]))
        return cls(kept["commit"], kept["same_code"], found, tuple(kept.get("files", ())))

    def of_series(self, feed: str, variant: str) -> Compared | None:
        """The finding of one variant on one feed."""
        return next((one for one in self.findings if (one.feed, one.variant) == (feed, variant)), None)


@dataclass(frozen=True)
class How:
    """The options of the recording command. ``feeds``: name of a feed to its file."""

    feeds: Mapping[str, str] = field(default_factory=dict)
    evaluate: str = "last"
    ladder: str | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> How:
        """The options from their JSON."""
        return cls(kept.get("feeds", {}), kept.get("evaluate", "last"), kept.get("ladder"))

    def after(self, earlier: How) -> How:
        """The options of a commit that was recorded before, for other feeds."""
        return replace(self, feeds={**earlier.feeds, **self.feeds})


@dataclass(frozen=True)
class Recorded:
    """A commit: when it was committed and ``measured`` (s since 1970), its points by feed and variant, and its findings
    compared with the commit before, None for the first."""

    time: int
    subject: str
    session: str | None
    measured: int
    feeds: Mapping[str, Mapping[str, Point]]
    against: Against | None
    how: How
    tried: frozenset[str] = frozenset()
    """Feed and variant, with a space between them, that were asked for."""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Recorded:
        """A commit's entry from its JSON."""
        found = kept.get("against")
        return cls(
            time=kept.get("time", 0),
            subject=kept.get("subject", ""),
            session=kept.get("session"),
            measured=kept.get("measured", 0),
            feeds={
                feed: {variant: Point.of(point) for variant, point in variants.items()}
                for feed, variants in kept.get("feeds", {}).items()
            },
            against=found and Against.of(found),
            how=How.of(kept.get("how", {})),
            tried=frozenset(kept.get("tried", ())),
        )


@dataclass(frozen=True)
class SessionFacts:
    """A session's name, and its numbers of rounds of fresh processes and of samples."""

    name: str
    rounds: int
    samples: int


def place(file: str, line: int, text: str, before: float, after: float) -> Place:
    """A source line, with its rise in instructions per event as text, from a finding's values."""
    return Place(file, line, text, f"+{after - before:.1f} instructions an event")


Points = dict[str, dict[str, Point]]
"""The points of a commit by feed and variant."""


def same_code(commit: str) -> dict[str, Any]:
    """As ``Against`` in JSON: the commit before has the same code."""
    return {"commit": commit, "same_code": True, "findings": []}


def against(commit: str, findings: Sequence[Finding], files: Sequence[str]) -> dict[str, Any]:
    """As ``Against`` in JSON, with everything that a finding says."""
    told = [one.as_json() for one in findings]
    return {"commit": commit, "same_code": False, "findings": told, "files": list(files)}


def entry(
    old: Mapping[str, Any] | None,
    recorded: Recorded,
    source: str,
    compared: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A commit's record as JSON, with everything else that ``old``, an earlier record of it, has. ``source``: key of
    its code; ``compared``: as ``against`` or ``same_code``."""
    before = old or {"feeds": {}}
    feeds = {feed: dict(variants) for feed, variants in before["feeds"].items()}
    for feed, variants in recorded.feeds.items():
        feeds.setdefault(feed, {}).update({name: point.as_json() for name, point in variants.items()})
    return {
        **before,
        "time": recorded.time,
        "subject": recorded.subject,
        "source": source,
        "session": recorded.session,
        "measured": recorded.measured,
        "against": compared,
        "how": asdict(recorded.how.after(How.of(before.get("how", {})))),
        "feeds": feeds,
        "tried": sorted(recorded.tried | frozenset(before.get("tried", ()))),
    }
