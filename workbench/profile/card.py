"""The calibration card as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from lobench.workbench.profile.columns import add_names, add_numbers, cut, table
from lobench.workbench.profile.model.summary import Card

_LINES = ("kernel light", "kernel heavy", "python light", "python heavy")


def card_tables(card: Card) -> Iterator[Table | str]:
    """Each tool's figures for lines with known shares, and its disturbance."""
    made = table("shares of known lines, in %", gap=1)
    add_names(made, "")
    add_numbers(made, *(line.replace(" ", "\n") for line in _LINES), "run\ntime", "CPU\ntime", "Python to\nkernel")
    truth = [f"{100 * card.truth[line].value:.1f}" for line in _LINES]
    made.add_row(cut("truth (ablation)"), *truth, "1.00x", "1.00x", "1.00x")
    for tool, found in card.tools.items():
        cells = []
        for line in _LINES:
            said, error = found.said.get(line), found.errors.get(line)
            cells.append("-" if said is None or error is None else _said(said, error))
        effects = (found.slowdown, found.cpu_slowdown, found.ratio_change)
        made.add_row(cut(tool), *cells, *("-" if effect is None else f"{effect:.2f}x" for effect in effects))
    yield made
    yield "in brackets: error in percentage points; -: the tool does not tell"
    for row in card.agreement:
        one, other = row.tools
        yield f"{one} and {other} differ by at most {100 * row.largest_difference:.1f} points"
    for tool, reason in card.missing.items():
        yield f"{tool}: not tried: {reason}"


def _said(share: float, error: float) -> str:
    return f"{100 * share:.1f} ({round(100 * error, 1) + 0.0:+.1f})"
