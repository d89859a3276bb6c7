"""Tables that keep their numbers whole where a terminal is narrow: names give way."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_HEADS = {"mispredictions": "mispre-\ndictions"}


def table(title: str, gap: int = 2) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, gap, 0, 0))


def add_names(to: Table, *names: str) -> None:
    """Columns of texts: their cells are ``cut``."""
    for name in names:
        to.add_column(name)


def add_numbers(to: Table, *names: str) -> None:
    for name in names:
        to.add_column(_HEADS.get(name, name.replace("_", " ")), justify="right", no_wrap=True)


def cut(text: str) -> Text:
    """A cell that stays on one line: in a table, only columns that could wrap give way."""
    return Text(text, no_wrap=True, overflow="ellipsis")


class Path:
    """A cell for the name of a file: it stays on one line, and its end is kept, because it distinguishes files."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, max(1, cell_len(self._name)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        name = self._name if cell_len(self._name) <= width else "…" + self._name[len(self._name) - width + 1 :]
        yield Text(name, no_wrap=True, overflow="ellipsis")
