"""Your own ladder: the steps of your plan, their reference, and your prediction for each (docs/ladder.md). Other
commands take it with --ladder FILE.

`init` writes a file with a comment on every key, `show` checks a file and the variants that it names.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.ladder import Ladder

HELP = "create or check a ladder of your own"

DEFAULT_FILE = "ladder.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    init = actions.add_parser("init", help="write a commented ladder file", description=_init.__doc__)
    init.add_argument(
        "file", metavar="FILE", nargs="?", default=DEFAULT_FILE, help=f"the ladder file (default {DEFAULT_FILE})"
    )
    options.add_force(init)
    init.set_defaults(action=_init)
    show = actions.add_parser("show", help="check a ladder file and print it", description=_show.__doc__)
    show.add_argument("file", metavar="FILE", nargs="?", help="the ladder file (default lobench's own)")
    options.add_json(show)
    show.set_defaults(action=_show)


def run(arguments: argparse.Namespace) -> int:
    code: int = arguments.action(arguments)
    return code


def _init(arguments: argparse.Namespace) -> int:
    """Write a ready-to-run ladder file of two lobench variants, with a comment on every key."""
    from pathlib import Path

    from lobench.engine.errors import UsageError
    from lobench.workbench.atomic_write import write_whole
    from lobench.workbench.ladder.template import TEMPLATE

    path = Path(arguments.file)
    if path.exists() and not arguments.force:
        raise UsageError(f"{path}: already exists; --force replaces it, or name another file")
    write_whole(path, TEMPLATE, "name another file")
    print(f"{path} written; next: lobench ladder show {path}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Check a ladder file and the variants that it names, and print its steps and predictions."""
    from lobench.workbench.console import print_json
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.results.conversion import as_json

    ladder = load_ladder(arguments.file)
    if arguments.json:
        print_json({**as_json(ladder.described()), "feed": list(ladder.file.feed)})
        return 0
    _print(ladder)
    return 0


def _print(ladder: Ladder) -> None:
    from rich.table import Table

    from lobench.workbench.console import print_table, stdout

    described = ladder.described()
    console = stdout()
    table = Table(title=described.name)
    predicted: dict[int, list[str]] = {}
    for entry in described.predictions:
        only = f" on {entry.feed[0]}" if entry.feed else ""
        predicted.setdefault(entry.phase, []).append(f"{entry.gain}{only}: {entry.bottleneck}")
    for heading in ("", "variant", "title", "predicted"):
        table.add_column(heading)
    for variant, step in zip(ladder.steps, described.steps, strict=True):
        table.add_row(str(variant.phase), step.variant, step.title, "\n".join(predicted.get(variant.phase or 0, [])))
    print_table(table)
    console.print(f"reference     {described.reference}", markup=False, soft_wrap=True)
    console.print(f"feed          {' '.join(ladder.file.feed)}", markup=False, soft_wrap=True)
