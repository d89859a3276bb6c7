"""Show the cost of each source line of a program's Numba functions: exact instructions by callgrind, or time by perf.

`lines SCRIPT [ARGS…]` or `lines -m MODULE [ARGS…]` runs the program once, as Python would; put this command's own
options first. Compilation is not counted; `with lobench.region():` in the program restricts counting to that block.
`lines diff OLD NEW` compares two such runs line by line. docs/lines.md explains the figures.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.lines.program import Program

HELP = "profile the Numba functions of any program by source line"

METHODS = ("callgrind", "perf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--with",
        dest="way",
        choices=METHODS,
        default="callgrind",
        help="method: exact counts by callgrind, or samples by perf at full speed (default callgrind)",
    )
    parser.add_argument("--region", metavar="NAME", help="count only within `with lobench.region(NAME)`")
    parser.add_argument("--top", type=int, default=25, metavar="N", help="number of lines in the table (default 25)")
    options.add_output(parser, "out/lines")
    options.add_json(parser)
    parser.add_argument(
        "-m",
        dest="module",
        nargs=argparse.REMAINDER,
        help="run a module: -m MODULE [ARGS…], as with python -m",
    )
    parser.add_argument(
        "program", metavar="SCRIPT [ARGS…]", nargs=argparse.REMAINDER, help="script to run, with its arguments"
    )


def run(arguments: argparse.Namespace) -> int:
    import os
    from pathlib import Path

    from lobench.workbench.console import print_json, stdout
    from lobench.workbench.lines.looking import look_at
    from lobench.workbench.lines.tables import tables
    from lobench.workbench.results.conversion import as_json

    options.refuse_few("--top", arguments.top, 1)
    if arguments.module is None and arguments.program[:1] == ["diff"]:
        return _diff(arguments)
    program = _program(arguments)
    folder = Path(arguments.output).absolute()
    found = look_at(program, arguments.way, folder, "error" if arguments.json else "own")
    code = 1 if found.exit_code else 0
    if arguments.json:
        print_json(as_json(found))
        return code
    console = stdout()
    for part in tables(found, arguments.top):
        console.print(part, soft_wrap=isinstance(part, str))
    console.print(f"files: {os.path.relpath(folder)}")
    return code


def _diff(arguments: argparse.Namespace) -> int:
    import json
    import os
    from pathlib import Path

    from lobench.engine.errors import UsageError
    from lobench.workbench.console import print_json, stdout
    from lobench.workbench.lines.difference import difference, flame_graphs, saved
    from lobench.workbench.lines.tables import difference_tables
    from lobench.workbench.results.conversion import as_json

    # Words after a program belong to the program; those after `diff` are lobench's.
    parser = argparse.ArgumentParser(prog="lobench lines diff")
    options.add_output(parser, arguments.output)
    options.add_json(parser, default=arguments.json)
    parser.add_argument("--top", type=int, default=arguments.top)
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_intermixed_args(arguments.program[1:])
    folder = Path(arguments.output).absolute()
    if len(arguments.words) != 2:
        raise UsageError("lines diff takes two folders or lines.json files written by `lobench lines`")
    before, after = (saved(name) for name in arguments.words)
    found = difference(before, after)
    told = as_json(found)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.diff.json").write_text(json.dumps(told), encoding="utf-8")
    for name, text in flame_graphs(before, after).items():
        (folder / name).write_text(text, encoding="utf-8")
    if arguments.json:
        print_json(told)
        return 0
    console = stdout()
    for part in difference_tables(found, arguments.top):
        console.print(part, soft_wrap=isinstance(part, str))
    console.print(f"files: {os.path.relpath(folder)}")
    return 0


def _program(arguments: argparse.Namespace) -> Program:
    import os

    from lobench.engine.errors import UsageError
    from lobench.workbench.lines.program import Program

    module: list[str] | None = arguments.module
    # argparse gives -mMODULE, written as one word, only its own value.
    given = [*(module or []), *arguments.program]
    words = given[1:] if given[:1] == ["--"] else given
    if not words:
        raise UsageError("which program? lobench lines SCRIPT [ARGS…], or -m MODULE [ARGS…]")
    what, *rest = words
    if module is not None:
        return Program("module", what, rest, arguments.region)
    if not os.path.isfile(what):
        raise UsageError(f"{what}: no such script")
    return Program("script", what, rest, arguments.region)
