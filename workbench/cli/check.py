"""Compare two commits before a merge: are results the same, does HEAD do more work, is it slower?

Both run in turns in one session, beside a copy of BASE as control. Outside lobench's own repository, a ladder file,
lobench.toml or pyproject.toml says how to build engines from commits (docs/ladder.md; `lobench init` creates one).

Exit code 0: everything that the change reaches was examined, and nothing is worse. 1: HEAD is worse: its results
differ, it does not run, a variant is missing or slower beyond the noise floor, or time shows no difference but the
exact instruction count rose. 2: usage error, including one commit given twice. 3: unreadable feed. 4: no verdict:
something that changed was not examined or could not be measured.
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
        help="commit to compare with; or BASE..HEAD, or BASE...HEAD to compare HEAD with the merge base",
    )
    parser.add_argument("head", metavar="HEAD", nargs="?", help="commit to judge (default HEAD)")
    parser.add_argument("--worktree", action="store_true", help="judge the files of the working tree, committed or not")
    options.add_feed(parser, f"{DEFAULT_FEED}, or the feed of the ladder file")
    options.add_variants(
        parser,
        "only these, all timed; default: all that the change reaches, the lowest and the highest timed, the others by "
        "exact counts",
    )
    options.add_recipe(parser)
    parser.add_argument("--same", action="store_true", help="allow BASE and HEAD to be the same commit, which passes")
    options.add_budget(parser, "110s minus the time for compiling, from 30s to 75s")
    parser.add_argument("--exact", action="store_true", help="no timing: judge by results and instruction counts only")
    parser.add_argument(
        "--allow-instructions",
        type=units.percentage,
        default=0.005,
        metavar="PERCENT",
        help="accepted rise of the instruction count, such as 1%% (default 0.5%%)",
    )
    parser.add_argument(
        "--lines",
        action="store_true",
        help="if something is worse, also show the source lines that cost more (minutes more)",
    )
    options.add_evaluate(parser)
    options.add_outlets(parser, junit=True)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from lobench.workbench.commits.gate import EXIT_CODES
    from lobench.workbench.console import print_json
    from lobench.workbench.costlier import costlier
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.check import summary

    outlets.check(arguments)
    # If a check ends without an answer, a CI job must not find the files of an earlier one.
    outlets.clear(arguments)
    result, feeds = checked(arguments)
    places = costlier(result, feeds, count=arguments.lines or arguments.github is not None)
    if arguments.json:
        print_json({**result.as_json(), "lines": [asdict(place) for place in places]})
    outlets.deliver(summary(result, _repeated(arguments, result), places), arguments)
    return EXIT_CODES[result.outcome]


def checked(arguments: argparse.Namespace) -> tuple[Check, list[str]]:
    """Check as asked; returns the outcome and the replayed feeds."""
    from lobench.engine.errors import LobenchError, UnjudgedError, UsageError
    from lobench.workbench.commits.gate import Settings, check
    from lobench.workbench.commits.origins import origin_of
    from lobench.workbench.commits.repository import Repository

    if arguments.worktree and arguments.head not in (None, "HEAD"):
        raise UsageError("--worktree judges the working tree; leave out HEAD")
    try:
        repository = Repository()
        base, head = arguments.base, arguments.head
        between = repository.pair(base)
        if between is not None:
            if head is not None or arguments.worktree:
                raise UsageError(f"'{base}' already names HEAD; leave out {'--worktree' if head is None else head}")
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
        return check(origin, base, None if arguments.worktree else head or "HEAD", settings), feeds
    except LobenchError as error:
        # Exit code 1 means only that HEAD is worse.
        if type(error).exit_code == LobenchError.exit_code:
            raise UnjudgedError(str(error)) from error
        raise


def _repeated(arguments: argparse.Namespace, result: Check) -> str:
    """The command with commits as hashes, because branch names move."""
    from lobench.workbench.summaries.outlets import command

    base = result.base.hash[:12]
    if result.head is None:
        return command({arguments.base: base})
    head = result.head.hash[:12]
    if arguments.head is not None:
        return command({arguments.base: base, arguments.head: head})
    return command({arguments.base: f"{base}..{head}"})
