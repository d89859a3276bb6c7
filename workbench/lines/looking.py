"""A look at a program: run it under a tool, and keep what was found."""

from __future__ import annotations

import json
from pathlib import Path

from lobench.workbench.lines.document import Document, document
from lobench.workbench.lines.program import Program
from lobench.workbench.processes.claimed_folders import scratch_folder

NAME = "lines.json"


def look_at(program: Program, tool: str, folder: Path, *, quiet: bool = False) -> Document:
    """The document of a program's run; ``folder`` gets it as ``lines.json``, with the pages. ``quiet``: what the program
    prints goes to standard error. Raises as ``counting.count`` and ``sampling.sample``."""
    with scratch_folder() as name:
        scratch = Path(name)
        from lobench.workbench.lines.counting import count

        look = count(program, scratch, quiet=quiet)
        found, sources = document(program, look)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(json.dumps(found), encoding="utf-8")
    return found
