"""Results of several machines on one page: what each machine is called, and one ladder on all of them side by side.

Figures of different machines stand beside each other and are never judged against each other: nothing was measured in
one session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lobench.reports.blocks import Cell, Table
from lobench.reports.numbers import MILLION, TIMES, counted
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import SCORES, figure
from lobench.workbench.results.model.environment import Environment


def machines(feeds: Sequence[ResultView]) -> dict[str, str]:
    """Machine digest to the machine's name on this page, in the page's order; no two have the same."""
    known = {feed.document.environment.machine_digest: feed.document.environment for feed in feeds}
    names = {digest: _processor(one) for digest, one in known.items()}
    often = Counter(names.values())
    return {digest: name if often[name] == 1 else f"{name}, {digest[:6]}" for digest, name in names.items()}


def machine(feed: ResultView) -> str:
    """The digest of a result's machine."""
    return feed.document.environment.machine_digest


def _processor(environment: Environment) -> str:
    cpu = environment.cpu
    threads = f" ({counted(cpu.threads, 'thread')})" if cpu.threads else ""
    return f"{cpu.model or environment.system.machine}{threads}"


def places(feeds: Sequence[ResultView]) -> str:
    """How many feeds and machines several results are of: ``3 feeds``, ``1 feed and 2 machines``."""
    on = counted(len({feed.name for feed in feeds}), "feed")
    count = len(set(map(machine, feeds)))
    return f"{on} and {count} machines" if count > 1 else on


def place(feed: ResultView, feeds: Sequence[ResultView]) -> str:
    """A result among ``feeds``: its ladder, feed and machine, as far as they differ; its feed if nothing does."""
    named = machines(feeds)
    parts = [feed.ladder_name] if len({one.ladder_name for one in feeds}) > 1 else []
    if len({one.name for one in feeds}) > 1:
        parts.append(feed.name)
    if len(named) > 1:
        parts.append(named[machine(feed)])
    return ", ".join(parts or [feed.name])


def across_machines(feeds: Sequence[ResultView]) -> list[Table]:
    """For each feed of a ladder that several machines measured: throughput and steps, a column for each machine. Of a
    machine's results of the same work the newest counts."""
    named = machines(feeds)
    groups: dict[tuple[str, ...], dict[str, ResultView]] = {}
    for view in feeds:
        if not view.phases:
            continue
        document = view.document
        work = view.ladder_name, view.feed.digest, document.until, document.evaluate
        own = groups.setdefault(work, {})
        before = own.get(machine(view))
        if before is None or before.document.created < document.created:
            own[machine(view)] = view
    return [
        table
        for own in groups.values()
        if len(own) > 1
        for table in _tables(list(own.values()), [named[digest] for digest in own])
    ]


def _tables(views: Sequence[ResultView], names: Sequence[str]) -> list[Table]:
    variants = list(dict.fromkeys(rung.variant for view in views for rung in view.phases))
    feed = views[0].name
    speeds = [
        [
            Cell(name),
            *(figure(view.speeds[name].scaled(MILLION)) if name in view.speeds else Cell("") for view in views),
        ]
        for name in variants
    ]
    steps = [[Cell(name), *(_step(view, name) for view in views)] for name in variants]
    totals = [figure(view.top.total, TIMES) if view.top else Cell("") for view in views]
    beside = "side by side; there is no verdict across machines"
    return [
        Table(f"M events/s on {feed}, one worker, CPU time, 95 % intervals: {beside}", ["variant", *names], speeds),
        Table(
            f"Step of every phase on {feed}, CPU time, 95 % intervals: {beside}",
            ["variant", *names],
            # The first has no step.
            [*(row for row in steps if any(cell.whole for cell in row[1:])), [Cell("in total"), *totals]],
        ),
    ]


def _step(view: ResultView, variant: str) -> Cell:
    rung = next((rung for rung in view.phases if rung.variant == variant), None)
    if rung is None:
        return Cell("")
    cell = figure(rung.step, TIMES)
    notes = [cell.note, rung.step_words if rung.step else "", SCORES.get(rung.score or "", ""), rung.note or ""]
    return Cell(cell.text, "; ".join(filter(None, notes)))
