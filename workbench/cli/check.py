"""Compare two commits before a merge: do they compute the same, does HEAD do more work, is it slower?

Both run in turns in one session, beside a copy of BASE as control. In another repository than lobench's a ladder file,
lobench.toml or pyproject.toml says how its commits become engines (docs/ladder.md; `lobench init` begins one).

Exit code 0: what the change reaches was looked at, and nothing is worse. 1: HEAD is worse, that is its results differ,
it does not run, a variant is slower beyond the noise floor or gone, or time shows nothing and its exact instruction
count rose. 2: usage, also one commit twice. 3: a feed that cannot be read. 4: no verdict, that is something that
changed was not looked at, or could not be measured.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options, units

if TYPE_CHECKING:
    from lobench.workbench.commits.gate import Check

HELP = "compare two commits: results, exact counts and time, with a verdict and an exit code"

DEFAULT_FEED = "synth:liquid-future,n=200000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "base",
        metavar="BASE",
        help="the commit to compare with; or BASE..HEAD, or BASE...HEAD for what HEAD changed since both parted",
    )
    parser.add_argument("head", metavar="HEAD", nargs="?", help="the commit to judge (default HEAD)")
    parser.add_argument("--worktree", action="store_true", help="judge the working tree's files, committed or not")
    options.add_feed(parser, f"{DEFAULT_FEED}, or the one of the ladder file")
    options.add_variants(
        parser,
        "these are timed, and no others looked at; default: all that the change reaches, the lowest and the highest of "
        "them timed, the others by exact counts",
    )
    options.add_recipe(parser)
    parser.add_argument("--same", action="store_true", help="let BASE and HEAD be one commit, which passes")
    options.add_budget(parser, "what compiling leaves of 110s, from 30s to 75s")
    parser.add_argument("--exact", action="store_true", help="no timing: judge by results and instructions alone")
    parser.add_argument(
        "--allow-instructions",
        type=units.percentage,
        default=0.005,
        metavar="PERCENT",
        help="rise that passes, in per cent: 1%% (default 0.5%%)",
    )
    parser.add_argument(
        "--lines",
        action="store_true",
        help="where something is worse, also which source lines cost more (minutes more)",
    )
    options.add_evaluate(parser)
    options.add_outlets(parser, junit=True)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.commits.gate import EXIT_CODES
    from lobench.workbench.console import print_json
    from lobench.workbench.costlier import costlier
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.check import summary

    outlets.check(arguments)
    result, feeds = checked(arguments)
    if arguments.json:
        print_json(result.as_json())
    places = costlier(result, feeds, count=arguments.lines or arguments.github is not None)
    outlets.deliver(summary(result, _repeated(arguments, result), places), arguments)
    return EXIT_CODES[result.outcome]


def checked(arguments: argparse.Namespace) -> tuple[Check, list[str]]:
    """Check as asked; what was found, and the feeds that were replayed."""
    from lobench.engine.errors import LobenchError, UnjudgedError, UsageError
    from lobench.workbench.commits.gate import Settings, check
    from lobench.workbench.commits.origins import origin_of
    from lobench.workbench.commits.repository import Repository

    if arguments.worktree and arguments.head not in (None, "HEAD"):
        raise UsageError("--worktree judges the working tree: leave out HEAD")
    repository = Repository()
    base, head = arguments.base, arguments.head
    between = repository.pair(base)
    if between is not None:
        if head is not None or arguments.worktree:
            raise UsageError(f"'{base}' names HEAD already: leave out {'--worktree' if head is None else head}")
        base, head = between
    origin = origin_of(repository, arguments.ladder)
    feeds = arguments.separate or list(origin.feed)
    settings = Settings(
        feeds=feeds,
        variants=arguments.variants,
        evaluate=arguments.evaluate,
        timed=not arguments.exact,
        seconds=arguments.budget,
        allowed=arguments.allow_instructions,
        same=arguments.same,
    )
    try:
        return check(origin, base, None if arguments.worktree else head or "HEAD", settings), feeds
    except LobenchError as error:
        # Exit code 1 says that HEAD is worse, and nothing else.
        if type(error).exit_code == LobenchError.exit_code:
            raise UnjudgedError(str(error)) from error
        raise


def _repeated(arguments: argparse.Namespace, result: Check) -> str:
    """The command with the commits by their hashes: names move on."""
    from lobench.workbench.summaries.outlets import command

    base = result.base.hash[:12]
    if result.head is None:
        return command({arguments.base: base})
    head = result.head.hash[:12]
    if arguments.head is not None:
        return command({arguments.base: base, arguments.head: head})
    return command({arguments.base: f"{base}..{head}"})
