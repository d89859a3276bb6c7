"""The calibration card as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from lobench.workbench.profile.model.summary import Card

_LINES = ("kernel light", "kernel heavy", "python light", "python heavy")


def card_tables(card: Card) -> Iterator[Table | str]:
    """What each tool said of lines whose shares are known, and what it disturbed."""
    table = Table(title="shares of known lines", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for line in _LINES:
        table.add_column(line, justify="right")
    table.add_column("run time", justify="right")
    table.add_column("CPU time", justify="right")
    table.add_column("Python to kernel", justify="right")
    table.add_row("truth (ablation)", *(f"{card.truth[line].value:.1%}" for line in _LINES), "1.00x", "1.00x", "1.00x")
    for tool, found in card.tools.items():
        cells = []
        for line in _LINES:
            said, error = found.said.get(line), found.errors.get(line)
            cells.append("-" if said is None or error is None else f"{said:.1%} ({round(100 * error, 1) + 0.0:+.1f})")
        effects = (found.slowdown, found.cpu_slowdown, found.ratio_change)
        table.add_row(tool, *cells, *("-" if effect is None else f"{effect:.2f}x" for effect in effects))
    yield table
    yield "in brackets: error in percentage points; -: the tool does not tell"
    for row in card.agreement:
        one, other = row.tools
        yield f"{one} and {other} differ by at most {100 * row.largest_difference:.1f} points"
    for tool, reason in card.missing.items():
        yield f"{tool}: not tried: {reason}"
