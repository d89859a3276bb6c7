"""Several ladders on one page: the total of each on the same feed, and their relative speeds.

Variants measured in one session are compared in it. Variants of two sessions are compared across them, which the table
states: relative to a variant of the same sources in both, if there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lobench.engine.errors import LobenchError
from lobench.reports.blocks import Block, Cell, Table
from lobench.reports.numbers import MILLION, TIMES, counted, significant
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import beside, figure
from lobench.workbench.comparison.diff import machine_differences
from lobench.workbench.comparison.session_difference import Measured, Spread, between, same_sources
from lobench.workbench.statistics import compared


def by_ladder(feeds: Sequence[ResultView]) -> dict[str, list[ResultView]]:
    """Views by their ladder, in the page's order."""
    found: dict[str, list[ResultView]] = {}
    for feed in feeds:
        found.setdefault(feed.ladder_name, []).append(feed)
    return found


def side_by_side(feeds: Sequence[ResultView]) -> list[Block]:
    """For each feed on which several ladders were measured: their ends, and the ratios between these."""
    blocks: list[Block] = []
    for together in _same_work(feeds):
        name = together[0].name
        ends = Table(
            f"{counted(len(together), 'ladder')} on {name}: M events/s of one worker, CPU time, 95 % intervals",
            ["ladder", "reference", "M events/s", "top", "M events/s", "top over reference"],
            [_ends(view) for view in together],
            words=frozenset({0, 1, 3}),
        )
        rows = [row for one, other in pairwise(together) for row in _ratios(one, other, feeds)]
        blocks.append(ends)
        if rows:
            caption = f"One ladder over another on {name}, CPU time, 95 % intervals; above 1 is faster"
            headings = ["compared", "speed-up", "measured"]
            blocks.append(Table(caption, headings, rows, words=frozenset({0, 2})))
    return blocks


def _same_work(feeds: Sequence[ResultView]) -> list[list[ResultView]]:
    """Views of the same records and stages, the newest of each ladder, if there are several ladders."""
    groups: dict[tuple[str, str, str], dict[str, ResultView]] = {}
    for view in feeds:
        if view.top is not None:
            key = view.feed.digest, view.document.until, view.document.evaluate
            own = groups.setdefault(key, {})
            before = own.get(view.ladder_name)
            if before is None or before.document.created < view.document.created:
                own[view.ladder_name] = view
    return [list(own.values()) for own in groups.values() if len(own) > 1]


def _ends(view: ResultView) -> list[Cell]:
    top = view.top
    assert top is not None, "of views with a top only"
    return [
        Cell(view.ladder_name),
        Cell(view.reference, view.titles.get(view.reference, "")),
        figure(view.speeds[view.reference].scaled(MILLION)) if view.reference in view.speeds else Cell(""),
        Cell(top.variant, view.titles.get(top.variant, "")),
        figure(view.speeds[top.variant].scaled(MILLION)),
        beside(figure(top.total, TIMES), top.total_alone),
    ]


def _ratios(one: ResultView, other: ResultView, feeds: Sequence[ResultView]) -> Iterator[list[Cell]]:
    """The speed of the ends of ``other`` relative to those of ``one``."""
    assert one.top is not None
    assert other.top is not None
    ends = ("reference", one.reference, other.reference), ("top", one.top.variant, other.top.variant)
    for what, base, variant in ends:
        if base not in one.speeds or variant not in other.speeds:
            continue
        pair = f"{what}: {variant} of {other.ladder_name} over {base} of {one.ladder_name}"
        digests = one.digests.get(base), other.digests.get(variant)
        if base == variant and digests[0] == digests[1]:
            yield [Cell(pair), Cell(""), Cell("the same variant")]
            continue
        session = _session_of({base: digests[0], variant: digests[1]}, one, feeds) if base != variant else None
        if session is not None and session.feed.session is not None:
            ratio = compared(session.feed.session).compare(variant, base).ratio()
            yield [Cell(pair), figure(ratio, TIMES), Cell(f"in one session, of {session.ladder_name}")]
        else:
            yield [Cell(pair), *_across(one, base, other, variant)]


def _session_of(wanted: dict[str, str | None], like: ResultView, feeds: Sequence[ResultView]) -> ResultView | None:
    """A view of the same work whose session holds variants of these names and sources."""
    work = like.feed.digest, like.document.until, like.document.evaluate
    for view in feeds:
        same = (view.feed.digest, view.document.until, view.document.evaluate) == work
        if same and all(name in view.speeds and view.digests.get(name) == digest for name, digest in wanted.items()):
            return view
    return None


def _across(one: ResultView, base: str, other: ResultView, variant: str) -> tuple[Cell, Cell]:
    """A ratio across two sessions, and its quality."""
    problems = machine_differences(one.document.environment, other.document.environment)
    if problems:
        return Cell(""), Cell(f"not comparable: {'; '.join(problems)}")
    sides = Measured(one.document, one.feed), Measured(other.document, other.feed)
    try:
        logs, shared = [side.logs for side in sides], same_sources(*sides)
    except LobenchError:
        # A single process does not show the difference between processes.
        speeds = [view.speeds[name].value for view, name in ((one, base), (other, variant))]
        times = f"{significant(speeds[1] / speeds[0])}{TIMES}"
        return Cell(times), Cell("across sessions, one of them of a single process: no interval")
    found = [logs[0][base], logs[1][variant]]
    # A slowdown of the whole machine in one session cancels relative to a variant that both measured.
    bridge = next((name for name in logs[0] if name in shared and name in logs[1]), None)
    if bridge is not None:
        found = [values - own[bridge] for values, own in zip(found, logs, strict=True)]
    over = f", each over {bridge} of its own session" if bridge else ""
    ratio = between(found[0], found[1], Spread(0.0, 0)).ratio()
    return figure(ratio, TIMES), Cell(f"across sessions{over}: their difference is not in the interval")
