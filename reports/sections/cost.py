"""Cost of an event against the number of orders at a level: a walked queue's slope, a hash table's flat line."""

from __future__ import annotations

import shlex

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.lines import sweep_chart
from lobench.reports.numbers import integer
from lobench.reports.sections.shared import figure, missing
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.refuted import refuted


def section(document: Result) -> Section | None:
    """None for a user's ladder or a contest: it compares lobench's own variants."""
    if (document.ladder is not None or document.contest is not None) and document.sweep is None:
        return None
    return Section("cost", "Cost against orders at a level", _blocks(document))


def _blocks(document: Result) -> list[Block]:
    sweep = document.sweep
    hidden = {name for feed in document.feeds for name in refuted(feed)}
    found = [row for row in (sweep.analysis if sweep else None) or () if row.variant not in hidden]
    if sweep is None or not found:
        specs = document.feeds[0].specs if document.feeds else ()
        return [
            missing(
                "Cost against the length of a level's queue was not measured.", shlex.join(["lobench", "run", *specs])
            )
        ]
    values = list(dict.fromkeys(row.value for row in found))
    variants = list(dict.fromkeys(row.variant for row in found))
    costs = {(row.variant, row.value): row.nanoseconds_per_event for row in found}
    rows = [[Cell(integer(value)), *(figure(costs.get((name, value))) for name in variants)] for value in values]
    table = Table("Nanoseconds of CPU time per event, 95 % intervals", [sweep.parameter, *variants], rows, compact=True)
    lead = Text(
        f"Synthetic books with a fixed number of orders at each level, {integer(sweep.events)} events. Finding an "
        "order by walking its level's queue costs more the longer the queue is; finding it in a hash table should "
        "not."
    )
    return [lead, sweep_chart(sweep.parameter, found), table]
