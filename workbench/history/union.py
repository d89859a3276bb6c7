"""Histories of several jobs as one.

A commit that several jobs measured keeps all their variants, and for one variant the latest measurement. If jobs began
a series from different commits, because neither knew of the other, it continues from the oldest of these; points
against another one stay as measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lobench.engine.errors import LobenchError

Part = dict[str, Any]
"""The content of one file."""


@dataclass
class Whole:
    """All of them together, as ``store.History`` has it."""

    points: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)


def union(parts: Sequence[tuple[str, Part]], where: str) -> Whole:
    """The parts, each with the name of its file, as one. Raises LobenchError for parts of different feeds that have one
    name."""
    whole = Whole()
    candidates: dict[tuple[str, str], list[str]] = {}
    own: set[str] = set()
    # Oldest commits first, as a single job records them; for one commit, the latest measurement is added last.
    for name, part in sorted(parts, key=_age):
        for feed, digest in part["feeds"].items():
            if whole.feeds.setdefault(feed, digest) != digest:
                raise LobenchError(f"{where}: {name} was recorded on different records of {feed}; move it away")
        for commit, point in part["points"].items():
            whole.points[commit] = _joined(whole.points.get(commit), point)
        for feed, variants in part["anchors"].items():
            for variant, commit in variants.items():
                candidates.setdefault((feed, variant), []).append(commit)
        whole.broken |= part["broken"]
        own |= part["broken"].keys() & part["points"].keys()
        whole.sessions += [one for one in part["sessions"] if one not in whole.sessions]
    for (feed, variant), commits in candidates.items():
        whole.anchors.setdefault(feed, {})[variant] = _oldest(commits, whole.points)
    # A point from one job cancels another's failure; a job's own failure beside its point is about something else.
    whole.broken = {name: why for name, why in whole.broken.items() if name in own or name not in whole.points}
    whole.sessions.sort(key=lambda session: str(session["name"]))
    return whole


def _age(named: tuple[str, Part]) -> tuple[float, float, str]:
    name, part = named
    points = part["points"].values()
    return (
        min((point.get("time", 0) for point in points), default=0),
        max((point.get("measured", 0) for point in points), default=0),
        name,
    )


def _joined(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """A commit's point with the later results of another job."""
    if one is None:
        return other
    feeds = {feed: dict(variants) for feed, variants in one["feeds"].items()}
    for feed, variants in other["feeds"].items():
        feeds.setdefault(feed, {}).update(variants)
    tried = sorted({*one.get("tried", ()), *other.get("tried", ())})
    return {**one, **other, "feeds": feeds, "tried": tried, "against": _against(one["against"], other["against"])}


def _against(one: Any, other: Any) -> Any:
    """The findings of both, if they are against the same commit."""
    if not one or not other or one["commit"] != other["commit"]:
        return other or one
    rows = {(row["feed"], row["variant"]): row for row in (*one["findings"], *other["findings"])}
    return {**one, **other, "findings": list(rows.values())}


def _oldest(commits: Iterable[str], points: dict[str, Any]) -> str:
    """The anchor of a series: the oldest commit that there is a point of."""
    known = [commit for commit in dict.fromkeys(commits) if commit in points] or list(commits)
    return min(known, key=lambda commit: (points.get(commit, {}).get("time", 0), commit))
