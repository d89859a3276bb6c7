"""Pieces that several sections use."""

from __future__ import annotations

from dataclasses import replace

from lobench.reports.blocks import Cell, Text
from lobench.reports.numbers import TIMES, counted, estimate, limits, spelled
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import SessionResult
from lobench.workbench.results.model.verdict import FASTER, SLOWER

TONES = {FASTER: "good", SLOWER: "bad"}
SCORES = {"hit": "✓\u00a0hit", "under": "↓\u00a0under", "over": "↑\u00a0over", "open": "open"}


def missing(what: str, command: str) -> Text:
    """One line in place of figures that this result lacks."""
    return Text(f"{what} To measure it:", mark="missing", command=command)


def figure(interval: Interval | None, unit: str = "") -> Cell:
    """An estimate with its interval; empty if there is none."""
    return Cell(estimate(interval, unit), limits(interval)) if interval else Cell("")


def beside(cell: Cell, alone: Interval | None) -> Cell:
    """A figure, with that of the two variants running alone if it differs."""
    if not alone:
        return cell
    return replace(cell, note=f"{cell.note}; alone {spelled(alone, TIMES)}")


def verdict(words: str | None, p: float | None = None, tone: str | None = None) -> Cell:
    """A verdict, with its p-value corrected for the family if there is one. ``tone``: the plain verdict that decides
    the colour, if ``words`` contain more."""
    note = "" if p is None else ("p < 0.001" if p < 0.001 else f"p = {p:.2g}")
    return Cell(words or "", note, TONES.get(tone or words or "", ""))


def session_line(session: SessionResult) -> str:
    """A session's design."""
    design = session.design
    measured = counted(session.samples.processes, "process", "processes")
    planned = f" of at most {design.processes}" if session.samples.processes < design.processes else ""
    pinned = "pinned to one core" if design.pinned else "not pinned"
    return (
        f"{session.events:,} events in slices of {design.slice_records:,}, {measured}{planned} "
        f"({pinned}), {counted(session.samples.passes, 'pass', 'passes')} over the feed in all, "
        f"{len(session.samples.rows):,} samples; seed {design.seed}. {_layouts(session)}"
    )


def _layouts(session: SessionResult) -> str:
    """Which variants were measured in several layouts of their machine code."""
    built = [name for name in session.measured if name not in session.laid_out]
    if not session.laid_out:
        return "The machine code was measured in the layout of its build."
    but = f", except for {', '.join(built)}" if built else ""
    return f"Each process used a new layout of the machine code{but}."
