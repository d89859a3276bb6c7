"""The calibration card as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

_EFFECTS = ("slowdown", "cpu_slowdown", "ratio_change")
_LINES = ("kernel light", "kernel heavy", "python light", "python heavy")


def card_tables(card: Mapping[str, Any]) -> Iterator[Table | str]:
    """What each tool said of lines whose shares are known, and what it disturbed."""
    table = Table(title="shares of known lines", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for line in _LINES:
        table.add_column(line, justify="right")
    table.add_column("run time", justify="right")
    table.add_column("CPU time", justify="right")
    table.add_column("Python to kernel", justify="right")
    truth = card["truth"]
    table.add_row("truth (ablation)", *(f"{truth[line]['value']:.1%}" for line in _LINES), "1.00x", "1.00x", "1.00x")
    for tool, found in card["tools"].items():
        cells = []
        for line in _LINES:
            said, error = found["said"].get(line), found["errors"].get(line)
            cells.append("-" if said is None else f"{said:.1%} ({round(100 * error, 1) + 0.0:+.1f})")
        effects = ["-" if found[name] is None else f"{found[name]:.2f}x" for name in _EFFECTS]
        table.add_row(tool, *cells, *effects)
    yield table
    yield "in brackets: error in percentage points; -: the tool does not tell"
    for row in card["agreement"]:
        one, other = row["tools"]
        yield f"{one} and {other} differ by at most {100 * row['largest_difference']:.1f} points"
    for tool, reason in card["missing"].items():
        yield f"{tool}: not tried: {reason}"
