"""The commands in the README and the guides, from code blocks and from running text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from tests.support.paths import ROOT

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
]
TEXTS = [*PAGES, "reports/METHODOLOGY.md", "reports/BIAS.md", "examples/engines/README.md"]
"""Pages, and others that name commands in running text."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BETWEEN_WORDS = re.compile(r"`((?:lobench|scripts/[\w-]+) [^`]+)`")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def lines(page: str) -> list[str]:
    """All that a reader is to type: lines of blocks for a shell, of blocks without a language that begin with
    `lobench`, and those after a prompt. Comments are left out."""
    found = []
    for language, block in _BLOCK.findall(text(page)):
        for line in block.splitlines():
            if (language == "sh" and line and not line.startswith("#")) or (
                language == "" and line.startswith("lobench ")
            ):
                found.append(_typed(line))
            elif line.startswith("$ "):
                found.append(_typed(line[2:]))
    return found


def between_words(page: str) -> list[str]:
    """A command in running text, often with a placeholder."""
    return _BETWEEN_WORDS.findall(text(page))


def is_synopsis(line: str) -> bool:
    """Whether it describes the form of commands and is none itself."""
    return line.startswith("lobench ") and ("[" in line or "…" in line)


def commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line."""
    command: list[str] = []
    for word in [*shlex.split(line, comments=True), ";"]:
        if word in ("|", "&&", ";"):
            yield command
            command = []
        else:
            command.append(word)


def _typed(line: str) -> str:
    # In blocks without comments the explanation follows after spaces.
    return re.split(r"\s+#|\s{3,}", line)[0]
