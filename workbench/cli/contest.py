"""``cmp`` of callables and commands: its options, and its output for a person."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lobench.workbench.contest.asked import Asked
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.results.model.document import Result

SECONDS = 60.0

_RESETS = ("fresh", "copy", "same")
_CLOCKS = ("cpu", "wall")
_COMMON = {"a", "b", "feeds", "budget", "precision", "processes", "tolerance", "output", "json", "commands", "clock"}
_COMMON |= {"markdown", "github"}
"""Arguments of every kind of comparison; ``clock`` belongs to both kinds here."""
_OWN = {"callables": {"setup", "reset", "equality"}, "commands": {"check", "shell"}}
"""Arguments of one kind here; all others belong to variants."""


def add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("callables and commands")
    group.add_argument(
        "--command", dest="commands", action="store_true", help="A, B and any that follow are commands, each one word"
    )
    group.add_argument(
        "--clock",
        choices=_CLOCKS,
        help="clock for verdicts: cpu time of all threads, or wall time including waits (default cpu for callables, "
        "wall for commands)",
    )
    group.add_argument(
        "--setup",
        metavar="FILE:NAME",
        help="callable that returns the arguments: a tuple, or a single argument (default: no arguments)",
    )
    group.add_argument(
        "--reset",
        choices=_RESETS,
        default=_RESETS[0],
        help="arguments of each call: fresh from --setup, a deep copy, or the same objects for all (default fresh)",
    )
    group.add_argument(
        "--same",
        dest="equality",
        metavar="FILE:NAME",
        help="callable that decides whether two results are equal (default: the rules of numpy.testing)",
    )
    group.add_argument(
        "--check",
        metavar="CMD",
        help="command that reads each command's output and accepts it with exit code 0 (default: exit code and output "
        "must be equal to A's)",
    )
    group.add_argument("--shell", action="store_true", help="run commands in a shell (default: no shell)")


def asked_of(arguments: argparse.Namespace, defaults: Mapping[str, Any]) -> Asked | None:
    """The comparison of callables or commands, or None for variants. ``defaults``: of the arguments. Raises UsageError
    for options of another kind."""
    from lobench.workbench.contest.asked import CALLABLES, CLOCKS, COMMANDS, Asked, all_callables

    words = [arguments.a, arguments.b, *arguments.feeds]
    if not arguments.commands and not all_callables(words):
        _refuse(arguments, defaults, "variants", {"clock", *(name for names in _OWN.values() for name in names)})
        return None
    kind = COMMANDS if arguments.commands else CALLABLES
    _refuse(arguments, defaults, kind, set(defaults) - _COMMON - _OWN[kind])
    return Asked(
        kind=kind,
        subjects=tuple(words),
        clock=CLOCKS[arguments.clock or ("wall" if arguments.commands else "cpu")],
        setup=arguments.setup,
        reset=arguments.reset,
        same=arguments.equality,
        check=arguments.check,
        shell=arguments.shell,
    )


def _refuse(arguments: argparse.Namespace, defaults: Mapping[str, Any], kind: str, foreign: set[str]) -> None:
    """Raise UsageError for a given option that does not apply to this kind of comparison."""
    from lobench.engine.errors import UsageError

    named = {**options.spelled_settings(), "equality": "--same"}
    for name in defaults:
        if name in foreign and getattr(arguments, name) != defaults[name]:
            option = named.get(name) or "--" + name.replace("_", "-")
            raise UsageError(f"{option} does not apply to {kind}; leave it out")


def run(arguments: argparse.Namespace, asked: Asked) -> int:
    from dataclasses import replace

    from lobench.workbench.cli.outcome import exit_code, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.results.conversion import as_json
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.contest import summary

    folder, content = conducted(arguments, asked)
    contest = content.contest
    assert contest is not None
    if arguments.json:
        told: dict[str, Any] = {"comparisons": as_json(contest.comparisons), **without_rows(content)}
        print_json({"result_file": str(folder.result), **told})
    code = 1 if exit_code(content) or any(pair.regression for pair in contest.comparisons) else 0
    said = summary(contest, code == 0, outlets.command())
    more = [("result", str(folder.result)), ("next", f"lobench report {folder.result}")]
    outlets.deliver(replace(said, facts=[*said.facts, *more]), arguments, "verdict" if contest.comparisons else "")
    return code


def conducted(arguments: argparse.Namespace, asked: Asked) -> tuple[ResultFolder, Result]:
    """Compare and measure as asked."""
    from lobench.workbench.contest.conducting import conduct
    from lobench.workbench.experiment.budget import Budget

    seconds = SECONDS if arguments.budget is None else arguments.budget
    budget = Budget(seconds, arguments.processes, precision=arguments.precision)
    return conduct(asked, budget, arguments.tolerance, arguments.output)
