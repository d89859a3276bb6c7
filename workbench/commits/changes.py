"""The lines that a commit changed, from git: a substitute where no cost of lines was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lobench.workbench import git
from lobench.workbench.summaries.model import Place

MOST = 3
"""Changes that are named, the first of each file before others."""

_HUNK = re.compile(r"@@ -\S+ \+(\d+)")
NO_CODE = (".md", ".txt", ".rst")


def changes(root: Path, before: str, after: str) -> list[Place]:
    """The first line of some changes of code between two commits."""
    # Overrides the user's settings for human readers.
    form = ("--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "-U0")
    answer = git.ask(root, "diff", *form, before, after, "--")
    found = list(_hunks(answer.text)) if answer.ok else []
    firsts = {place.file: place for place in reversed(found)}
    ordered = [*reversed(firsts.values()), *(place for place in found if place is not firsts[place.file])]
    return ordered[:MOST]


def _hunks(text: str) -> Iterator[Place]:
    """The first line with text of each hunk."""
    file, line, waiting = "", 0, False
    for row in text.splitlines():
        if row.startswith("diff --git "):
            file, waiting = "", False
        elif row.startswith("+++ b/") and not waiting:
            file = row.removeprefix("+++ b/").rstrip("\t")
        elif hunk := _HUNK.match(row):
            line, waiting = int(hunk[1]), bool(file) and not file.endswith(NO_CODE)
        elif waiting and row.startswith("+"):
            if row[1:].strip():
                yield Place(file, line, row[1:].strip(), "changed")
                waiting = False
            line += 1
