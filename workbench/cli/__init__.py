"""The command line: one module per verb, each with ``HELP``, ``add_arguments(parser)`` and ``run(arguments) -> exit
code``.

Verbs import their dependencies inside ``run``, so that ``lobench --help`` does not load Numba. Exit codes: 0 success, 1
mismatch, slowdown or another fault of the examined code, 2 usage error, 3 bad data, 4 no answer (no verdict was
possible, output cannot be written, out of memory, disk full), 128 + n ended by signal n.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from lobench.engine.errors import LobenchError
from lobench.workbench.cli.parser import Parser
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

    # Matrices are small here: BLAS threads only cost memory, and wait for it forever where it is limited.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        parser = _parser()
        if not (sys.argv[1:] if argv is None else argv):
            parser.print_help()
            return 0
        arguments = parser.parse_args(argv)
        for number, handler in {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(_ENDING, _end)}.items():
            # An ignored signal stays ignored: nohup and shells set that for background jobs.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
        check_limits()
        code: int = arguments.command.run(arguments)
        sys.stdout.flush()
        return _unless_cut(code)
    except BrokenPipeError:
        # The reader of our output is gone; nobody would see a message.
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
            # A fault of lobench itself, or of its installation, must not look like a mismatch (exit code 1).
            traceback.print_exc()
        else:
            complain(problem)
        return NOT_HERE


def _unless_cut(code: int) -> int:
    """``code``, or that of bad data if a feed was truncated while the command ran, which makes its result worthless."""
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


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="lobench",
        description="Proves performance optimizations of a market-by-order event engine: verifies that all variants "
        "compute bit-identical results, and measures them side by side.",
        epilog="Start with `lobench run`: it verifies and measures all variants on a synthetic feed and writes a "
        "report. `lobench COMMAND --help` explains a command. Exit codes: 0 success, 1 mismatch or slowdown, 2 usage "
        "error, 3 bad data, 4 no answer.",
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
