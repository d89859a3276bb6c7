"""The request of a contest: subjects and rules, as given by a command and passed to worker processes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lobench.engine.errors import UsageError
from lobench.workbench.results.model.control import TWICE, is_again

CALLABLES: Final = "callables"
COMMANDS: Final = "commands"

RESETS: Final = ("fresh", "copy", "same")
"""The arguments of a call: fresh for each, a copy of one set, or the same set for all."""

CLOCKS: Final = {"cpu": "cpu_ns", "wall": "wall_ns"}
"""How a user names a clock, and the column of samples that it is."""

_CALLABLE = re.compile(r"(?P<place>.+\.py|[^\W\d][\w.]*):(?P<name>[^\W\d][\w.]*)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """``subjects``: callables as ``FILE.py:NAME`` or ``MODULE:NAME``, or commands as typed; all are compared with the
    first. ``setup``, ``same``: callables; ``check``: a command; ``shell``: commands run in a shell.

    Raises UsageError for an impossible comparison.
    """

    kind: str
    subjects: tuple[str, ...]
    clock: str
    setup: str | None = None
    reset: str = RESETS[0]
    same: str | None = None
    check: str | None = None
    shell: bool = False

    def __post_init__(self) -> None:
        if len(self.subjects) < 2:
            raise UsageError("at least two are needed to compare")
        for text in self.subjects:
            if not text.strip() or is_again(text):
                raise UsageError(f"'{text}' cannot be compared: it is empty, or ends with '{TWICE}'")
        if self.kind == CALLABLES:
            for spec in filter(None, (*self.subjects, self.setup, self.same)):
                parts_of(spec)
            if self.reset != RESETS[0] and not self.setup:
                raise UsageError("--reset applies to arguments, and without --setup there are none")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the subjects, in order; repeated ones are numbered."""
        found: list[str] = []
        for text in self.subjects:
            name, number = text, 1
            while name in found:
                number += 1
                name = f"{text} #{number}"
            found.append(name)
        return tuple(found)

    @property
    def same_as(self) -> dict[str, str]:
        """Names of subjects that are the very same as one before, to that one."""
        first: dict[str, str] = {}
        pairs = zip(self.names, self.subjects, strict=True)
        return {name: first[text] for name, text in pairs if first.setdefault(text, name) != name}


def is_callable(word: str) -> bool:
    """Whether a word of the command line names a callable."""
    return _CALLABLE.fullmatch(word) is not None


def parts_of(spec: str) -> tuple[str, str]:
    """File or module, and name, of a callable. Raises UsageError for other words."""
    found = _CALLABLE.fullmatch(spec)
    if found is None:
        raise UsageError(f"'{spec}' names no callable; write FILE.py:NAME or MODULE:NAME")
    return found["place"], found["name"]


def all_callables(words: Sequence[str]) -> bool:
    """Whether these words are callables. Raises UsageError where only some of them are."""
    which = [is_callable(word) for word in words]
    if any(which[:2]) and not all(which):
        odd = next(word for word, one in zip(words, which, strict=True) if not one)
        raise UsageError(f"'{odd}' is not a callable like the others; only things of one kind are compared")
    return all(which)
