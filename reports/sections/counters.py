"""Mechanism counters: every variant's operations per event, counted exactly by an instrumented build of its kernel."""

from __future__ import annotations

from lobench.engine.counters import COUNTERS
from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.numbers import significant
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import missing

LEAD = (
    "Exact counts, free of noise, from an instrumented build of the same kernels; never taken in a timed run. "
    "They show why a variant is faster: which operations it saves."
)


def section(view: ResultView) -> Section:
    return Section("counters", "Mechanism counters", _blocks(view))


def _blocks(view: ResultView) -> list[Block]:
    counters = {name: counts for name, counts in view.feed.counters.items() if name not in view.refuted}
    if not counters:
        return [missing("No mechanism was counted on this feed.", view.run())]
    events = view.feed.events or 1
    kinds = dict.fromkeys(kind for counts in counters.values() for kind in counts)
    rows = [
        [
            Cell(kind.replace("_", " "), COUNTERS.get(kind, "")),
            *(Cell(_rate(counts.get(kind), events)) for counts in counters.values()),
        ]
        for kind in kinds
    ]
    return [Text(LEAD), Table("Counted per event", ["counter", *counters], rows)]


def _rate(count: int | None, events: int) -> str:
    return "" if count is None else significant(count / events)
