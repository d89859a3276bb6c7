"""Hardware counters: what the processor counted for each variant while it was timed, if the machine has counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lobench.reports.blocks import Cell, Section, Table, Text
from lobench.reports.numbers import significant
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import figure
from lobench.workbench.results.model.samples import HardwareCount
from lobench.workbench.statistics.intervals import estimate

LEAD = (
    "Counted by the processor while the variants took turns, in the same slices as the times: one worker, without the "
    "kernel's own work. The mean over the processes of the session, with a 95 % interval."
)

Rate = Callable[[HardwareCount], float | None]


def _per_event(name: str) -> Rate:
    return lambda one: one.counts[name] / one.events if name in one.counts and one.events else None


def _per_cycle(one: HardwareCount) -> float | None:
    cycles = one.counts.get("cycles")
    return one.counts["instructions"] / cycles if cycles and "instructions" in one.counts else None


RATES: Mapping[str, Rate] = {
    "instructions per cycle": _per_cycle,
    "instructions per event": _per_event("instructions"),
    "cycles per event": _per_event("cycles"),
    "cache misses per event": _per_event("cache_misses"),
    "branch misses per event": _per_event("branch_misses"),
}
"""Heading to its quantity; None where the machine does not count it."""


def section(view: ResultView) -> Section | None:
    """None where nothing was counted."""
    counted = view.shown(view.feed.session.hardware if view.feed.session else ())
    shown = {name: rate for name, rate in RATES.items() if any(rate(one) is not None for one in counted)}
    if not shown:
        return None
    variants = [name for name in view.speeds if any(one.variant == name for one in counted)]
    rows = [
        [Cell(name), *(_cell([rate(one) for one in counted if one.variant == name]) for rate in shown.values())]
        for name in variants
    ]
    table = Table("Hardware counters of each variant", ["variant", *shown], rows)
    return Section("hardware", "Hardware counters", [Text(LEAD), table])


def _cell(values: Sequence[float | None]) -> Cell:
    found = np.array([value for value in values if value is not None])
    if len(found) < 2:
        return Cell(significant(float(found[0])) if len(found) else "")
    return figure(estimate(found).interval())
