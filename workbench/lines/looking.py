"""A look at a program: run it under a tool, and keep what was found with its pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from lobench.workbench.lines.counting import count
from lobench.workbench.lines.difference import NAME
from lobench.workbench.lines.document import document
from lobench.workbench.lines.model import ProgramProfile
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.running import Look, Output
from lobench.workbench.lines.sampling import sample
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.profile.pages import write_pages
from lobench.workbench.results.conversion import as_json

Tool = Callable[[Program, Path, Output], Look]
TOOLS: dict[str, Tool] = {"callgrind": count, "perf": sample}
"""Ways to look at a program."""

_KEPT = ("callgrind.out", "perf.data")


def look_at(
    program: Program,
    tool: str,
    folder: Path,
    output: Output = "own",
    prepare: Callable[[Path], None] = lambda folder: None,
) -> ProgramProfile:
    """The document of a program's run; ``folder`` gets it as ``lines.json``, with its pages and the tool's own output.
    ``prepare``: what else the process finds in the folder of the look. Raises as the tool."""
    with scratch_folder() as name:
        scratch = Path(name)
        prepare(scratch)
        look = TOOLS[tool](program, scratch, output)
        found, sources = document(program, look)
        folder.mkdir(parents=True, exist_ok=True)
        for kept in _KEPT:
            if (scratch / kept).exists():
                shutil.copy(scratch / kept, folder)
    (folder / NAME).write_text(json.dumps(as_json(found)), encoding="utf-8")
    write_pages(found, sources, folder)
    return found
