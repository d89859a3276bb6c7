"""``lobench.region``: restricts profiling to a part of a program. It loads nothing, so programs can use it anywhere."""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Protocol, Self


class Watcher(Protocol):
    """The profiler of this process, if any."""

    def enter(self, name: str) -> None: ...

    def leave(self, name: str) -> None: ...


watchers: list[Watcher] = []
"""Empty unless ``lobench lines`` runs the program."""


class region(ContextDecorator):  # noqa: N801
    """``with lobench.region():``, also a decorator: once a program has entered a region, ``lobench lines`` counts only
    code within regions; ``--region NAME`` selects those of one name. Outside ``lobench lines`` it does nothing."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __enter__(self) -> Self:
        for watcher in watchers:
            watcher.enter(self.name)
        return self

    def __exit__(self, *error: object) -> None:
        for watcher in watchers:
            watcher.leave(self.name)
