"""One call instead of a program: ``lobench.lines(f, *args)``, and a notebook's cell."""

from __future__ import annotations

import json
import linecache
import os
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from lobench.engine.errors import UsageError
from lobench.workbench.lines.called import CALL, PATH, run_cell
from lobench.workbench.lines.model import ProgramProfile
from lobench.workbench.lines.program import Program
from lobench.workbench.results.conversion import as_json


@dataclass(frozen=True)
class Lines:
    """The cost of a call's lines; ``folder`` has the pages."""

    document: ProgramProfile
    folder: Path

    def as_json(self) -> dict[str, Any]:
        """Plain values, as ``lobench lines --json`` prints them."""
        written: dict[str, Any] = as_json(self.document)
        return written

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        from lobench.workbench.lines.tables import tables

        text = StringIO()
        console = Console(file=text, width=160, highlight=False, markup=False, emoji=False)
        for part in tables(self.document, 25):
            console.print(part)
        return text.getvalue()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A notebook shows the annotated source, in a frame that its own styles stay out of."""
        page = (self.folder / "source.html").read_text(encoding="utf-8")
        title = escape(f"Source of {self.document.program}, line by line")
        return f'<iframe title="{title}" srcdoc="{escape(page)}" style="width:100%;height:32em;border:0"></iframe>'


def lines(
    function: Any, /, *arguments: Any, tool: str = "callgrind", output: str | Path = "out/lines", **named: Any
) -> Lines:
    """Call ``function`` once with copies of these arguments, in a separate process under ``tool`` (``callgrind`` or
    ``perf``), and return the cost of each line of each Numba function. ``output``: output folder.

    Raises UsageError for an unknown tool, or arguments that cannot be copied to another process; otherwise as ``lobench
    lines``.
    """
    from numba import cloudpickle

    from lobench.workbench.lines.looking import TOOLS, look_at

    pickler: Any = cloudpickle
    if tool not in TOOLS:
        raise UsageError(f"tool must be one of {', '.join(TOOLS)}, was {tool!r}")
    texts = {name: linecache.getlines(name) for name in list(linecache.cache) if not os.path.exists(name)}
    try:
        pickled = pickler.dumps((texts, function, arguments, named))
    except Exception as error:
        raise UsageError(f"the call cannot be copied to another process: {error}") from error
    title = "cell" if function is run_cell else getattr(function, "__qualname__", type(function).__qualname__)
    folder = Path(output).absolute()

    def prepare(scratch: Path) -> None:
        (scratch / PATH).write_text(json.dumps(sys.path), encoding="utf-8")
        (scratch / CALL).write_bytes(pickled)

    found = look_at(Program("call", title), tool, folder, "again", prepare)
    return Lines(found, folder)
