"""The calibration card: the profilers' figures for work with known shares, and the disturbance they cause."""

from __future__ import annotations

from collections.abc import Iterator

from lobench.reports.blocks import Block, Cell, Table, Text
from lobench.reports.numbers import TIMES
from lobench.reports.sections.shared import missing
from lobench.workbench.results.model.profiles import Calibration

LINES = ("kernel light", "kernel heavy", "python light", "python heavy")
EFFECTS = ("run time", "CPU time", "Python's time to the kernel's")


def card(found: Calibration | None) -> Iterator[Block]:
    if found is None:
        yield missing(
            "The profilers' error on this machine was unknown when this was profiled.",
            "lobench profile --calibrate",
        )
        return
    truth = [found.truth.get(line) for line in LINES]
    rows = [
        [
            Cell("truth"),
            *(Cell("" if known is None else f"{known.value:.1%}") for known in truth),
            *(Cell(f"1.00{TIMES}") for _ in EFFECTS),
        ]
    ]
    for tool, told in found.tools.items():
        said = [_said(told.said.get(line), told.errors.get(line)) for line in LINES]
        figures = (told.slowdown, told.cpu_slowdown, told.ratio_change)
        effects = [Cell("" if value is None else f"{value:.2f}{TIMES}") for value in figures]
        rows.append([Cell(tool), *said, *effects])
    yield Table(
        "The profilers themselves, on work with known shares: each one's figure for a line, its error in percentage "
        "points, and its disturbance; empty: no figure",
        ["tool", *LINES, *EFFECTS],
        rows,
    )
    agreement = [f"{' and '.join(row.tools)} by {100 * row.largest_difference:.1f} points" for row in found.agreement]
    if agreement:
        yield Text(f"Largest differences: {'; '.join(agreement)}.")
    for tool, reason in found.missing.items():
        yield Text(f"{tool} was not tried: {reason}", mark="missing")


def _said(said: float | None, error: float | None) -> Cell:
    if said is None:
        return Cell("")
    # Adding 0 turns -0 into 0.
    return Cell(f"{said:.1%}", "" if error is None else f"{round(100 * error, 1) + 0.0:+.1f}")
