"""The elements of a page: sections of paragraphs, tables and charts. Plain data, independent of HTML and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and in smaller print a qualification (an interval). ``tone``: good, bad or none; ``link``:
    the id of its target on the page."""

    text: str
    note: str = ""
    tone: str = ""
    link: str = ""

    @property
    def whole(self) -> str:
        return f"{self.text} ({self.note})" if self.note else self.text


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; columns named in ``words`` hold words, all others figures, aligned right. A
    ``compact`` table is as wide as its content, with one line for each row."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: frozenset[int] = frozenset({0})
    compact: bool = False
    kind = "table"


@dataclass(frozen=True)
class Text:
    """A paragraph, with a command to type at its end if there is one; one with a ``mark`` ("missing", "warning") is set
    apart."""

    text: str
    mark: str = ""
    command: str = ""
    kind = "text"


@dataclass(frozen=True)
class Code:
    """Text to be copied as it is."""

    text: str
    kind = "code"


@dataclass(frozen=True)
class Chart:
    """A picture: ``draw(width in pixels)`` makes an Altair chart; ``described`` and ``data`` say the same in words and
    figures."""

    name: str
    title: str
    described: str
    data: Table
    draw: Callable[[int], Any]
    kind = "chart"


@dataclass(frozen=True)
class Box:
    """A function in a flame graph: ``left`` and ``width`` are fractions of the whole, ``row`` counts from the top;
    ``hue`` in degrees, None is grey."""

    left: float
    width: float
    row: int
    hue: int | None
    label: str
    hint: str


@dataclass(frozen=True)
class Flame:
    """A flame graph, folded at first; ``name`` is unique in its section."""

    name: str
    title: str
    boxes: Sequence[Box]
    kind = "flame"


@dataclass(frozen=True)
class Fold:
    """A part of a section that unfolds: tables, texts and flame graphs under a title. It is printed unfolded,
    or, unless ``printed``, not at all."""

    title: str
    line: str
    blocks: Sequence[Table | Text | Flame]
    unfolded: bool
    printed: bool = True
    kind = "fold"


Block = Table | Text | Code | Chart | Flame | Fold


@dataclass(frozen=True)
class Section:
    """A titled part of the page. ``template`` names the partial that lays out its blocks."""

    name: str
    title: str
    blocks: Sequence[Block]
    template: str = "section.html"


@dataclass(frozen=True)
class Part:
    """The sections of one feed, or of one result; ``key`` is unique on the page, ``title`` is empty if it is alone."""

    key: str
    title: str
    line: str
    sections: Sequence[Section]


@dataclass(frozen=True)
class Fact:
    """A figure of the row at the top: its label, and a qualification. ``tone``: bad or none."""

    label: str
    figure: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class Page:
    """The content of a page, in order; ``headline`` and ``facts`` are a short form of the ``answer``, for Markdown
    only."""

    title: str
    headline: str
    facts: Sequence[Fact]
    answer: str
    line: str
    warnings: Sequence[Text]
    parts: Sequence[Part]
    summary: Sequence[Block] = field(default=())


def words(*texts: str) -> list[Cell]:
    """A row without notes."""
    return [Cell(text) for text in texts]
