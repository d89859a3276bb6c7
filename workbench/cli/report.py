"""Write the report of one or more results: report.html (one self-contained file), report.md, and charts/ with every
chart as SVG and PNG.

A result contains the ladder that it was measured on. --ladder takes the titles of the steps from the current ladder
file; predictions and grades stay as they were.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lobench.workbench.results.model.document import Result

HELP = "write the report of one or more results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("documents", nargs="+", metavar="RESULT", help="a result.json, or the folder that holds one")
    options.add_ladder(parser)
    options.add_output(parser, note="default: beside the first result")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from lobench.reports import write
    from lobench.workbench.comparison.previous import previous
    from lobench.workbench.results import read

    documents = [read(path) for path in arguments.documents]
    if arguments.ladder:
        documents = _retitled(documents, arguments.ladder)
    first = Path(arguments.documents[0])
    folder = Path(arguments.output) if arguments.output else first if first.is_dir() else first.parent
    beside = first if first.is_dir() else first.parent
    print(write(documents, folder, previous(beside, documents[0]) if len(documents) == 1 else None))
    return 0


def _retitled(documents: Sequence[Result], path: str) -> list[Result]:
    """The documents, those of this ladder with its file's current titles. Raises UsageError if none is of it."""
    from dataclasses import replace

    from lobench.engine.errors import UsageError
    from lobench.workbench.ladder import load_ladder

    ladder = load_ladder(path)
    now = ladder.described()
    names = [step.variant for step in now.steps]
    found = []
    for document in documents:
        kept = document.ladder
        if kept is not None and kept.name == now.name and [step.variant for step in kept.steps] == names:
            document = replace(document, ladder=replace(kept, steps=now.steps))
        found.append(document)
    if all(document is before for document, before in zip(found, documents, strict=True)):
        raise UsageError(f"{path}: none of these results was measured on this ladder, {now.name} of {len(names)} steps")
    return found
