"""Print a script that completes commands, options, variants and files in a shell.

bash reads it by `source <(lobench completion bash)`, zsh from a file _lobench in a folder of $fpath, fish from
~/.config/fish/completions/lobench.fish.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

HELP = "print a script that completes what is typed, for bash, zsh or fish"

_FILE = ("FEED", "FILE", "FILE:NAME", "F.parquet", "B.parquet", "OLD", "NEW", "OUT", "RESULT", "RESULT.json",
         "SCRIPT [ARGS…]")  # fmt: skip
_VARIANT = ("VARIANT", "PHASE", "LIST")
_EITHER = ("A", "B", "ENGINE", "VARIANT [FEED]")
"""Places of arguments by their names in the help."""

_LISTS = re.compile(r'^(\s*")\(\*\)::?', re.MULTILINE)
"""The start of a list argument as shtab writes it for zsh, which then completes only the list's first word."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reader", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(arguments: argparse.Namespace) -> int:
    from lobench.variants import discover
    from lobench.workbench.cli import _parser
    from lobench.workbench.optional_dependencies import not_installed, pip

    try:
        import shtab
    except ModuleNotFoundError as error:
        raise not_installed("shtab", pip("shtab")) from error
    parser = _parser()
    names = " ".join(discover())
    either = {
        "bash": "_lobench_variant_or_file",
        "zsh": f"{{compadd {names}; _files}}",
        "fish": f"{names} {shtab.FILE['fish']}",
        "preamble": {"bash": f"_lobench_variant_or_file() {{ compgen -W '{names}' -f -- $1; }}"},
    }
    for action in _actions(parser):
        name = action.metavar
        if name == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif name in _FILE:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif name in _EITHER:
            action.complete = either  # type: ignore[attr-defined]
        elif name in _VARIANT and action.dest in ("variant", "variants", "phase"):
            action.choices = names.split()
        if name == "FILE:NAME":
            action.metavar = "FILE"  # in zsh a colon ends the name of a value
    script = shtab.complete(parser, arguments.reader)
    print(_LISTS.sub(r"\1*:", script) if arguments.reader == "zsh" else script)
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Those of all commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
        else:
            yield action
