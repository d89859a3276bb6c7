"""Scaling: throughput and speed-up over workers, which shard the feed by instrument."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.ladder import MILLION
from lobench.reports.charts.lines import scaling_chart
from lobench.reports.facts import Facts
from lobench.reports.numbers import TIMES, scaled
from lobench.reports.sections.shared import figure, missing

_CEILING = (
    "The ceiling is what the machine gave in the same session: as many replays at once, one worker each, none of which "
    "has anything to do with another, together over one by itself. Workers that do not wait for each other may exceed "
    "it: each has only its part of the books in its caches."
)


def section(facts: Facts) -> Section:
    return Section("scaling", "Scaling over workers", _blocks(facts))


def _blocks(facts: Facts) -> list[Block]:
    found = facts.shown(facts.analysis.get("scaling"))
    if not found:
        return [missing("More than one worker was not measured.", facts.run())]
    books = facts.feed["books"]
    blocks: list[Block] = [
        Text(
            "Wall time of a replay of the whole feed. Workers share no book: each takes some of the instruments, so a "
            "feed of one instrument cannot gain."
            + (" This feed has one book." if books == 1 else "")
            + (f" {_CEILING}" if any(row.get("ceiling") for row in found) else "")
        )
    ]
    rows = [
        [
            Cell(row["variant"]),
            Cell(str(row["workers"])),
            figure(scaled(row["events_per_second"], MILLION)),
            figure(row["speedup"], TIMES),
            figure(row.get("ceiling"), TIMES),
        ]
        for row in found
    ]
    table = Table(
        "Throughput over workers, wall time, 95 % intervals",
        ["variant", "workers", "M events/s", "speed-up", "ceiling"],
        rows,
        compact=True,
    )
    return [*blocks, scaling_chart(facts.name, found), table]
