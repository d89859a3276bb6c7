"""Profiling a program: run it under a tool, and save the findings with their pages."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.workbench.lines.counting import count
from lobench.workbench.lines.difference import NAME
from lobench.workbench.lines.document import document
from lobench.workbench.lines.model import ProgramProfile
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.running import Look, Output
from lobench.workbench.lines.sampling import sample
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.profile.needs import require_all
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
    ``prepare`` puts further files for the process into the scratch folder.

    Raises MissingToolError if a tool is missing, UsageError if the folder cannot be written; otherwise like the tool.
    """
    require_all([tool])
    _probe(folder)
    with scratch_folder() as name:
        scratch = Path(name)
        prepare(scratch)
        look = TOOLS[tool](program, scratch, output)
        found, sources = document(program, look)
        for kept in _KEPT:
            # A file left by another tool's earlier run does not belong to this document.
            (folder / kept).unlink(missing_ok=True)
            if (scratch / kept).exists():
                shutil.copy(scratch / kept, folder)
    (folder / NAME).write_text(json.dumps(as_json(found)), encoding="utf-8")
    write_pages(found, sources, folder)
    return found


def _probe(folder: Path) -> None:
    """Make the folder and check that it is writable: a failure after a long run would be too late."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error
