"""A watched process's report for readers of its profile: facts, and its machine code.

It loads as little as it can, for it runs within processes that are looked at.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OBJECTS = "objects"
"""Where a process leaves the objects that its machine code was loaded from."""


def tell(path: str | Path, **facts: Any) -> None:
    """Write a file; it appears whole."""
    path = Path(path)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(facts), encoding="utf-8")
    partial.replace(path)


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
