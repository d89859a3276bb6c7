"""Scaling: throughput and speed-up over workers, which shard the feed by instrument."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.lines import scaling_chart
from lobench.reports.numbers import MILLION, TIMES
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import figure, missing

_CEILING = (
    "The ceiling is the machine's limit in the same session: the total speed of as many independent replays at once, "
    "one worker each, over that of one alone. Workers that do not wait for each other may exceed it, because each has "
    "only its part of the books in its caches."
)


def section(view: ResultView) -> Section:
    return Section("scaling", "Scaling over workers", _blocks(view))


def _blocks(view: ResultView) -> list[Block]:
    found = view.shown(view.analysis.scaling if view.analysis else ())
    books = view.feed.books
    if not found and books == 1:
        return [Text("This feed has one book. Workers do not share books, so more than one cannot gain here.")]
    if not found:
        return [missing("More than one worker was not measured.", view.run())]
    blocks: list[Block] = [
        Text(
            "Wall time of a replay of the whole feed. Workers do not share books: each takes some of the instruments, "
            "so a feed of one instrument cannot gain."
            + (" This feed has one book." if books == 1 else "")
            + (f" {_CEILING}" if any(row.ceiling for row in found) else "")
        )
    ]
    rows = [
        [
            Cell(row.variant),
            Cell(str(row.workers)),
            figure(row.events_per_second.scaled(MILLION)),
            figure(row.speedup, TIMES),
            figure(row.ceiling, TIMES),
        ]
        for row in found
    ]
    table = Table(
        "Throughput over workers, wall time, 95 % intervals",
        ["variant", "workers", "M events/s", "speed-up", "ceiling"],
        rows,
        compact=True,
    )
    # A single book cannot scale, so it needs no chart.
    return [*blocks, *([scaling_chart(view.name, found)] if books > 1 else []), table]
