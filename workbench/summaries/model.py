"""A summary: a verdict, tables, lines under them, places in the source, test cases, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Fact = tuple[str, str]
"""A line above or under the tables: a label, which may be empty, and a text."""


@dataclass(frozen=True)
class Table:
    """``words``: columns of words, the others hold figures. ``note`` is placed below it."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    words: Sequence[int] = (0,)


@dataclass(frozen=True)
class Detail:
    """A text of many lines, such as a difference with the books around it."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Place:
    """A source line, by its path in the repository, and its additional cost (``costs``)."""

    file: str
    line: int
    text: str
    costs: str


@dataclass(frozen=True)
class Case:
    """One judged thing. ``problem``: why it fails, None if it does not; ``kind``: of the finding."""

    suite: str
    name: str
    kind: str = ""
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A command's findings.

    ``title``: the two sides of the comparison; ``verdict``: in one line; ``ok``: whether it ends with exit code 0;
    ``command``: repeats it; ``about`` comes before the tables, ``facts`` after them.
    """

    verb: str
    title: str
    verdict: str
    ok: bool
    command: str
    about: Sequence[Fact] = ()
    tables: Sequence[Table] = ()
    details: Sequence[Detail] = ()
    places: Sequence[Place] = ()
    facts: Sequence[Fact] = ()
    cases: Sequence[Case] = ()

    @property
    def heading(self) -> str:
        """The command of this answer, and its subject."""
        return f"lobench {self.verb}: {self.title}"
