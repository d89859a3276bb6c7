"""The command line: one module for each verb, each with ``HELP``, ``add_arguments(parser)`` and ``run(arguments) ->
exit code``.

Verbs import what they need inside ``run``, so that ``lobench --help`` answers before Numba is imported. Exit codes: 0
fine, 1 mismatch, slowdown, or another error of what was looked at, 2 usage, 3 bad data, 4 no answer (nothing could be
judged, output cannot be written, no memory, a full disk), 128 + n ended by signal n.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from lobench.engine.errors import LobenchError, meant
from lobench.workbench.processes.interrupts import WORDS
from lobench.workbench.streams import NOT_HERE, complain

VERBS = (
    "run",
    "report",
    "measure",
    "latency",
    "cmp",
    "diff",
    "verify",
    "conform",
    "replay",
    "inspect",
    "convert",
    "batch",
    "profile",
    "lines",
    "tune",
    "plan",
    "ladder",
    "init",
    "check",
    "history",
    "dashboard",
    "variants",
    "generate",
    "env",
    "include-dir",
    "completion",
)

_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP, ``number``; handled like an interrupt from the keyboard."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors meant for the user are one line on stderr."""
    from lobench.workbench.processes.resource_limits import check_limits, exhausted

    # Matrices are small here: threads for them only take memory, and where that is limited wait for it for ever.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        parser = _parser()
        if not (sys.argv[1:] if argv is None else argv):
            parser.print_help()
            return 0
        arguments = parser.parse_args(argv)
        for number, handler in {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(_ENDING, _end)}.items():
            # One that is ignored (as nohup does it, and shells for background jobs) stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
        check_limits()
        code: int = arguments.command.run(arguments)
        sys.stdout.flush()
        return _unless_cut(code)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        return 128 + signal.SIGPIPE
    except LobenchError as error:
        code = _unless_cut(0)
        if code == 0:
            complain(str(error))
        return code or error.exit_code
    except Ended as error:
        return _interrupted(error.number)
    except KeyboardInterrupt:
        return _interrupted(signal.SIGINT)
    except Exception as error:
        problem = exhausted(error)
        if problem is None and isinstance(error, OSError) and error.errno is not None:
            place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
            problem = f"{place}{error.strerror}"
        if problem is None:
            raise
        complain(problem)
        return NOT_HERE


def _unless_cut(code: int) -> int:
    """``code``, or the one of bad data where a feed was cut short under the command: no result of it means anything."""
    mapped = sys.modules.get("lobench.engine.feeds.mapped")
    try:
        if mapped is not None:
            mapped.check()
    except LobenchError as error:
        complain(str(error))
        return error.exit_code
    return code


def _interrupted(number: int) -> int:
    complain(WORDS[number])
    return 128 + number


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)


class _Parser(argparse.ArgumentParser):
    """Says what was meant where a word is nearly one that there is."""

    def error(self, message: str) -> NoReturn:
        typed = re.match(r"argument (\S+): invalid choice: '([^']*)' \(choose from (.*)\)$", message, re.DOTALL)
        if typed:
            option, word, choices = typed.groups()
            known = re.findall(r"[\w-]+", choices)
            what = "command" if option.isupper() else option
            message = f"no {what} '{word}'{meant(word, known) or '.'} There are {', '.join(known)}"
        super().error(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lobench",
        description="Proves performance optimizations of a market-by-order event engine: every variant computes "
        "bit-identical results, all are measured side by side.",
        epilog="Begin with `lobench run`: it verifies and measures all variants on a synthetic feed and writes a page. "
        "`lobench COMMAND --help` says what a command does. Exit codes: 0 fine, 1 mismatch or slowdown, 2 usage, 3 bad "
        "data, 4 no answer.",
    )
    from lobench.workbench.version import version

    parser.add_argument("--version", action="version", version=f"lobench {version()}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in VERBS:
        module = importlib.import_module(f"lobench.workbench.cli.{verb.replace('-', '_')}")
        sub = verbs.add_parser(verb, help=module.HELP, description=module.__doc__)
        module.add_arguments(sub)
        sub.set_defaults(command=module)
    return parser
