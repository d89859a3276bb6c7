"""``%%lines`` in a notebook: the cost of each line of the Numba functions that a cell runs."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from types import CodeType
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.lines.called import run_cell
from lobench.workbench.lines.calling import Lines, lines


def register(shell: Any) -> None:
    """Give a notebook's shell the magic."""

    def magic(line: str, cell: str) -> Lines:
        from IPython.core.error import UsageError as Refused

        try:
            options = _options(line)
            cell = shell.transform_cell(cell)
            names = used(cell, shell.user_ns)
            return lines(run_cell, cell, names, tool=options.way, output=options.output)
        except LobenchError as error:
            # A notebook shows this error without a traceback.
            raise Refused(str(error)) from error

    shell.register_magic_function(magic, "cell", "lines")


def used(source: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """The names that a text uses."""
    waiting = [compile(source, "<cell>", "exec")]
    found: dict[str, Any] = {}
    while waiting:
        code = waiting.pop()
        found.update((name, names[name]) for name in code.co_names if name in names)
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return found


def _options(line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="%%lines", add_help=False, exit_on_error=False)
    parser.add_argument("--with", dest="way", choices=("callgrind", "perf"), default="callgrind")
    parser.add_argument("-o", "--output", default="out/lines")
    try:
        options, rest = parser.parse_known_args(shlex.split(line))
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"%%lines: {error}") from error
    if rest:
        raise UsageError(f"%%lines takes --with callgrind or perf and -o DIR, not {shlex.join(rest)}")
    return options
