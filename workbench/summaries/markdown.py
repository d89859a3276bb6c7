"""A summary as complete Markdown: for a file, a pull request's comment and an issue."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from lobench.workbench.summaries.model import Detail, Fact, Place, Summary, Table

_MOST_LINES = 60
"""Of a detail: comments have a largest size, and the command shows all."""


def markdown(summary: Summary) -> str:
    """The whole summary."""
    return "\n\n".join(_parts(summary)) + "\n"


def _parts(summary: Summary) -> Iterator[str]:
    yield f"### {escaped(summary.heading)}"
    yield f"{'✅' if summary.ok else '❌'} **{escaped(summary.verdict)}**"
    for table in summary.tables:
        yield from tabled(table)
    if summary.places:
        yield from tabled(places_table(summary.places))
    if summary.about or summary.facts:
        yield "\n".join(_facts([*summary.about, *summary.facts]))
    for detail in summary.details:
        yield _folded(detail)
    yield "How to reproduce it:"
    yield fenced(summary.command, "sh")


def tabled(table: Table) -> Iterator[str]:
    """A table with its title and note."""
    if table.title:
        yield f"**{escaped(table.title)}**"
    sides = ["---" if place in table.words else "---:" for place in range(len(table.headings))]
    yield rows(table.headings, sides, table.rows)
    if table.note:
        yield escaped(table.note)


def rows(headings: Sequence[str], sides: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """The lines of a table; ``sides`` is the row under the headings."""
    lines = [f"| {' | '.join(escaped(text) for text in row)} |" for row in [headings, *cells]]
    return "\n".join([lines[0], f"|{'|'.join(sides)}|", *lines[1:]])


def places_table(places: Sequence[Place]) -> Table:
    """The lines that cost more, the costliest first."""
    cells = [[f"{place.file}:{place.line}", place.costs, place.text] for place in places]
    return Table(("line", "costs more", "source"), cells, title="Costliest changed lines", words=(0, 2))


def fenced(text: str, language: str = "") -> str:
    """Text that is shown as it is."""
    fence = fence_of(text, 3)
    return f"{fence}{language}\n{text}\n{fence}"


def fence_of(text: str, least: int) -> str:
    """Backticks enough that none in the text ends the code."""
    return "`" * max(least, 1 + max((len(run) for run in re.findall("`+", text)), default=0))


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    text = re.sub(r"([\\`*\[\]<>|&~$])", r"\\\1", " ".join(text.split()))
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    return re.sub(r"^(\d+)([.)])(?=\s|$)|^([-+#=])", lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", text)


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    """A list; entries without a label belong to the one before."""
    for label, text in facts:
        yield f"- **{escaped(label)}**: {escaped(text)}" if label else f"  - {escaped(text)}"


def _folded(detail: Detail) -> str:
    shown = list(detail.lines[:_MOST_LINES])
    if len(detail.lines) > _MOST_LINES:
        shown.append(f"… {len(detail.lines) - _MOST_LINES} lines more: the command below shows them")
    title = html.escape(" ".join(detail.title.split()))
    return f"<details><summary>{title}</summary>\n\n{fenced(chr(10).join(shown))}\n\n</details>"
