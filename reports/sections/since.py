"""What changed since the last run of the same feed on this machine."""

from __future__ import annotations

from lobench.engine.errors import LobenchError
from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.numbers import TIMES, percent
from lobench.reports.sections.shared import figure, verdict
from lobench.workbench.comparison.diff import FeedChanges, changes
from lobench.workbench.results.model.document import FeedResult, Result


def section(before: Result, document: Result, feed: FeedResult) -> Section | None:
    """None where the earlier result does not hold the feed, or too little of it to say anything."""
    try:
        found = [part for part in changes(before, document) if part.feed == feed.name]
    except LobenchError:
        return None
    return Section("since", "Since the last run", _blocks(before, found[0])) if found else None


def _blocks(before: Result, part: FeedChanges) -> list[Block]:
    rows = [
        [
            Cell(change.variant),
            figure(change.relative, TIMES),
            verdict(change.verdict, change.p_holm) if change.verdict else Cell("same sources" if change.same else ""),
            figure(change.absolute, TIMES),
        ]
        for change in part.changes
    ]
    table = Table(
        f"Speed now over that of {before.created[:16].replace('T', ' ')} UTC; above 1{TIMES} is faster",
        ["variant", "over the reference of its session", "verdict", "events/s"],
        rows,
        words=frozenset({0, 2}),
    )
    return [Text(_sessions(part)), table]


def _sessions(part: FeedChanges) -> str:
    """What is known of how much two sessions differ anyway."""
    fraction = part.sessions.fraction
    if fraction is None:
        return "Every source has changed since, so how much two sessions differ anyway is not known: nothing is judged."
    differ = f"Two sessions of the same sources differed by {percent(fraction)} in their speed-ups"
    if part.control:
        return f"{differ}. No source has changed since: what differs below is what sessions differ by."
    return f"{differ}, which the intervals hold. Side by side, lobench cmp compares better."
