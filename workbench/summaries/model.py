"""A summary: a verdict, tables, lines under them, places in the source, test cases, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Fact = tuple[str, str]
"""A line above or under the tables: a label, which may be empty, and what is said."""


@dataclass(frozen=True)
class Table:
    """``words``: columns that hold words, the others hold figures. ``note`` stands below it."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    words: Sequence[int] = (0,)


@dataclass(frozen=True)
class Detail:
    """What takes many lines, such as a difference with the books around it."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Place:
    """A source line, by its path in the repository, and what it ``costs`` more."""

    file: str
    line: int
    text: str
    costs: str


@dataclass(frozen=True)
class Case:
    """One thing that was judged. ``problem``: why it fails, None if it does not; ``kind`` of what was found."""

    suite: str
    name: str
    kind: str = ""
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a command found.

    ``title``: what was compared with what; ``verdict``: in one line; ``ok``: whether it ends with exit code 0;
    ``command``: repeats it; ``about`` is said before the tables, ``facts`` under them.
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
        """Which command's answer this is, and about what."""
        return f"lobench {self.verb}: {self.title}"
