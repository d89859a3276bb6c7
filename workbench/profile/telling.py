"""A watched process's report for readers of its profile: facts, and its machine code.

It loads as little as it can, for it runs within processes that are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

OBJECTS = "objects"
"""Where a process leaves the objects that its machine code was loaded from."""


def tell(path: str | Path, **facts: Any) -> None:
    """Write a file; it appears whole."""
    path = Path(path)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(facts), encoding="utf-8")
    partial.replace(path)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A target that is warm: its process, the feed and its number of records, the machine code's ``objects`` as
    ``leave`` gives them, and the lines of ``generated`` source texts by name."""

    FILE: ClassVar[str] = "target.json"

    pid: int
    feed: str
    records: int
    objects: Sequence[tuple[str, Sequence[tuple[int, int]]]] = ()
    generated: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def write(self) -> None:
        """Into the working directory."""
        tell(self.FILE, **vars(self))

    @classmethod
    def read(cls, folder: Path) -> Ready:
        return cls(**json.loads((folder / cls.FILE).read_text(encoding="utf-8")))


@dataclass(frozen=True, kw_only=True)
class Done:
    """A target that has ended: how many ``records`` (of the calibrating workload: rounds) it handled, its wall and CPU
    seconds; of the calibrating workload ``cpu`` and ``wall`` seconds by part, or the samples of its ``truth``."""

    FILE: ClassVar[str] = "done.json"

    records: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cpu: Mapping[str, float] = field(default_factory=dict)
    wall: Mapping[str, float] = field(default_factory=dict)
    truth: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def write(self) -> None:
        """Into the working directory."""
        tell(self.FILE, **vars(self))

    @classmethod
    def read(cls, folder: Path) -> Done:
        return cls(**json.loads((folder / cls.FILE).read_text(encoding="utf-8")))


def leave(folder: Path) -> list[tuple[str, list[tuple[int, int]]]]:
    """Store the objects that the JIT linker loaded in the folder ``OBJECTS`` in ``folder``: file names, with the
    addresses of their sections. Needs pyelftools."""
    from lobench.workbench.profile import linetables
    from lobench.workbench.profile.dwarf import placed

    own = folder / OBJECTS
    own.mkdir(exist_ok=True)
    objects = []
    for number, (elf, bases) in enumerate(placed(linetables.OBJECTS)):
        name = f"{number}.o"
        (own / name).write_bytes(elf)
        objects.append((name, list(bases.items())))
    return objects
