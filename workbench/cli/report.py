"""Make the page of one or several results: report.html (one file, complete without a network), report.md, and charts/
with every chart as SVG and PNG."""

from __future__ import annotations

import argparse

from lobench.workbench.cli import options

HELP = "make the page of one or several results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("documents", nargs="+", metavar="RESULT", help="a result.json, or the folder that holds one")
    options.add_output(parser, note="beside the first result")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from lobench.reports import write
    from lobench.workbench.results import read

    documents = [read(path) for path in arguments.documents]
    first = Path(arguments.documents[0])
    folder = Path(arguments.output) if arguments.output else first if first.is_dir() else first.parent
    print(write(documents, folder))
    return 0
