"""A summary on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.workbench.console import fact, print_table, stdout, table_of
from lobench.workbench.summaries.markdown import places_table
from lobench.workbench.summaries.model import Fact, Summary, Table


def show(summary: Summary, first: str = "") -> None:
    """Tables, details and lines under them. The verdict is last, where a reader's eye is; or the ``first`` of the
    lines, under that label."""
    show_facts(summary.about)
    for table in summary.tables:
        show_table(table)
    console = stdout()
    for detail in summary.details:
        console.print(f"\n{detail.title}:", style="bold")
        for line in detail.lines:
            console.print(line, soft_wrap=True)
    if summary.places:
        show_table(places_table(summary.places))
    show_facts([*([(first, summary.verdict)] if first else []), *summary.facts])
    if not first:
        console.print(summary.verdict, soft_wrap=True)


def show_table(table: Table) -> None:
    """One table, as it fits."""
    print_table(table_of(table.headings, table.rows, title=table.title, words=table.words))
    if table.note:
        stdout().print(table.note, soft_wrap=True)


def show_facts(facts: Sequence[Fact]) -> None:
    """The lines under the tables."""
    for label, text in facts:
        fact(label, text)
