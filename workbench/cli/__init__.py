"""The command line: one module for each verb, each with ``HELP``, ``add_arguments(parser)`` and ``run(arguments) ->
exit code``.

Verbs import what they need inside ``run``, so that ``lobench --help`` answers before Numba is imported. Exit codes: 0
fine, 1 mismatch or regression, 2 usage, 3 bad data, 128 + n ended by signal n.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

VERBS = (
    "run",
    "report",
    "measure",
    "cmp",
    "diff",
    "verify",
    "replay",
    "profile",
    "tune",
    "plan",
    "check",
    "history",
    "dashboard",
    "variants",
    "generate",
    "env",
)


class Terminated(KeyboardInterrupt):
    """SIGTERM; handled like an interrupt from the keyboard."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors meant for the user are one line on stderr."""
    from engine.errors import LobenchError
    from workbench.exhaustion import check_limits, exhausted

    # Matrices are small here: threads for them only take memory, and where that is limited wait for it for ever.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        check_limits()
        code: int = arguments.command.run(arguments)
        sys.stdout.flush()
        return code
    except LobenchError as error:
        print(f"lobench: {error}", file=sys.stderr)
        return error.exit_code
    except Terminated:
        print("lobench: terminated", file=sys.stderr)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        print("lobench: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        problem = exhausted(error)
        if problem is None:
            raise
        print(f"lobench: {problem}", file=sys.stderr)
        return 1


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lobench",
        description="Proves performance optimizations of a market-by-order event engine: every variant computes "
        "bit-identical results, all are measured side by side.",
    )
    from workbench.version import version

    parser.add_argument("--version", action="version", version=f"lobench {version()}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in VERBS:
        module = importlib.import_module(f"workbench.cli.{verb}")
        sub = verbs.add_parser(verb, help=module.HELP, description=module.__doc__)
        module.add_arguments(sub)
        sub.set_defaults(command=module)
    return parser
