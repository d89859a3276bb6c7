"""Latency: response times when events arrive at the feed's own times, and faster."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Fold, Section, Table, Text
from lobench.reports.charts.latency import latency_chart
from lobench.reports.numbers import integer
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import missing
from lobench.workbench.latency.shown import by_call, by_quantile, by_speed, clock, line, shown, spelled
from lobench.workbench.results.model.latency import Latency, VariantLatency


def section(view: ResultView) -> Section:
    return Section("latency", "Latency", _blocks(view))


def _blocks(view: ResultView) -> list[Block]:
    latency, entries = view.feed.latency, shown(view.feed)
    if latency is None or not entries:
        return [missing("Response times were not measured.", view.run(verb="latency"))]
    return [
        Text(_lead(latency)),
        latency_chart(view.name, latency, entries),
        _table("Response times at the market's own speed", *by_quantile(view.feed)),
        _table("Response time that one event in a thousand exceeds, at faster markets", *by_speed(view.feed)),
        Text(_probe(latency)),
        _table("Time per event: in a replay, and in calls of its own", *by_call(view.feed)),
        *_folds(entries),
    ]


def _lead(latency: Latency) -> str:
    return (
        f"{line(latency)}. Each event is sent at its own time, never later because an earlier one took long. Its "
        "response time ends when it is answered and includes its wait. A variant that takes one event at a time "
        "answers it when its call ends. One that takes several starts when it is idle and an event has arrived, takes "
        "all waiting events, and answers them when their block ends."
    )


def _probe(latency: Latency) -> str:
    return (
        f"Calls of the same machine code as in sessions are timed by {clock(latency)} and not subtracted. Calls follow "
        "each other at once, so caches are as warm as in a replay. Each event counts with its median over several "
        "passes. There is no control and no interval: each variant has one process, so small differences mean nothing."
    )


def _table(caption: str, headings: list[str], rows: list[list[str]]) -> Table:
    return Table(caption, headings, [[Cell(text) for text in row] for row in rows], compact=True)


def _folds(entries: list[VariantLatency]) -> list[Fold]:
    found = []
    by_action = [_actions(entry) for entry in entries if entry.actions]
    if by_action:
        found.append(Fold("By action", "what a call takes for records of each action", by_action, unfolded=False))
    by_size = [_costs(entry) for entry in entries if entry.costs]
    if by_size:
        text = "what a record takes in blocks as they formed at these speeds"
        found.append(Fold("By size of the block", text, by_size, unfolded=False))
    return found


def _actions(entry: VariantLatency) -> Table:
    rows = [
        [action, integer(times.count), *map(spelled, (times.p50, times.p99, times.p99_9, times.p99_99, times.max))]
        for action, times in sorted(entry.actions.items(), key=lambda item: -item[1].count)
    ]
    return _table(entry.variant, ["action", "events", "p50", "p99", "p99.9", "p99.99", "longest"], rows)


def _costs(entry: VariantLatency) -> Table:
    rows = [
        [
            str(cost.least) if cost.least == cost.most else f"{cost.least:,} to {min(cost.most, entry.block):,}",
            integer(cost.blocks),
            spelled(cost.each),
        ]
        for cost in entry.costs
    ]
    return _table(entry.variant, ["records in a block", "blocks seen", "each record, median"], rows)
