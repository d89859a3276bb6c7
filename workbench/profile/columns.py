"""Tables that keep their numbers whole where a terminal is narrow: names give way."""

from __future__ import annotations

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
