"""Tables at any width: framed where there is room, never a word or a figure cut; at 80 columns all can be read."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lobench.workbench.cli.outcome import show
from lobench.workbench.console import print_table, table_of
from tests.support import typed
from tests.support.documents import document

NAMES = ("p3_indexed_features", "p8_profile_guided", "no difference shown", "0.988 to 1.022", "95 % interval")


def printed(width: int, *cells: str, words: tuple[int, ...] = (0, 4)) -> list[str]:
    file = io.StringIO()
    headings = ("variant", "M events/s", "step", "95 % interval", "verdict", "in total")
    rows = [cells, ("p8_profile_guided", "31.25", "1.004x", "0.988 to 1.022", "no difference shown", "12.4x")]
    print_table(table_of(headings, rows, title="a feed", words=words), Console(file=file, width=width))
    return file.getvalue().splitlines()


ROW = ("p3_indexed_features", "9.81", "3.20x", "3.11 to 3.29", "faster", "3.2x")


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 160])
def test_no_line_is_longer_and_no_figure_is_cut(width: int) -> None:
    lines = printed(width, *ROW)
    assert max(map(len, lines)) <= width
    whole = "\n".join(lines)
    assert all(cell in whole for cell in (*ROW, "0.988 to 1.022", "p8_profile_guided"))


def test_frames_where_there_is_room() -> None:
    assert sum(line.startswith("│ p") for line in printed(160, *ROW)) == 2
    assert not any("│" in line for line in printed(72, *ROW))
    # Too narrow for columns: one line for each cell.
    assert "  95 % interval: 3.11 to 3.29" in printed(40, *ROW)


def test_a_cell_of_several_lines() -> None:
    lines = printed(80, "p3\np4", *ROW[1:])
    assert any("p4" in line and "p3" not in line for line in lines)


def test_a_ladder_at_80_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("lobench.workbench.console.PLAIN_WIDTH", 80)
    show(typed.result(document()))
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.lstrip("│ ").startswith("p") and line.count("_")]
    assert len(rows) == 5
    assert max(map(len, rows)) <= 80
    # Each variant takes one line, except for a long verdict.
    assert all("x" in row for row in rows[1:])
