"""Changes since the last run of the same feed on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lobench.engine.errors import LobenchError
from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.numbers import TIMES, percent
from lobench.reports.sections.shared import figure, verdict
from lobench.workbench.comparison.diff import FeedChanges, changes, remarks
from lobench.workbench.results.model.document import FeedResult, Result


def section(before: Result, document: Result, feed: FeedResult) -> Section | None:
    """None if the earlier result does not hold the feed, or too little of it."""
    # Only this feed: one feed with too little data must not prevent the comparison of others.
    one = [replace(each, feeds=[own for own in each.feeds if own.digest == feed.digest]) for each in (before, document)]
    if not all(each.feeds for each in one):
        return None
    try:
        found = changes(one[0], one[1])
        beside = remarks(one[0], one[1])
    except LobenchError:
        return None
    return Section("since", "Since the last run", _blocks(before, found[0], beside)) if found else None


def _blocks(before: Result, part: FeedChanges, beside: Sequence[str]) -> list[Block]:
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
        f"Speed relative to {before.created[:16].replace('T', ' ')} UTC; above 1{TIMES} is faster",
        ["variant", "over the reference of its session", "verdict", "events/s"],
        rows,
        words=frozenset({0, 2}),
    )
    differs = [Text(f"Other differences: {'; '.join(beside)}.")] if beside else []
    return [Text(_sessions(part)), *differs, table]


def _sessions(part: FeedChanges) -> str:
    """The known difference between two sessions of the same sources."""
    fraction = part.sessions.fraction
    if fraction is None:
        return (
            "No variant beside the reference is the same in both, so the difference between sessions is unknown and "
            "there is no verdict."
        )
    differ = f"Two sessions of the same sources differed by {percent(fraction)} in their speed-ups"
    if part.control:
        return f"{differ}. No source has changed since: the differences below are those between sessions."
    return f"{differ}, which the intervals include. lobench cmp compares better, side by side."
