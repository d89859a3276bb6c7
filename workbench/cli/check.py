"""Compare two commits before a merge: do they compute the same, does HEAD do more work, is it slower?

Both run in turns in one session, beside a copy of BASE as control. Exit code 0: what the change reaches was looked at,
and nothing is worse. 1: no pass, that is results differ, a variant is slower beyond the noise floor or gone, time shows
nothing and its exact instruction count rose, or something that changed was not looked at. 2: usage, also one commit
twice.
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
    options.add_feed(parser, DEFAULT_FEED)
    options.add_variants(
        parser,
        "these are timed, and no others looked at; default: the reference and the ladder's top, and exact counts of "
        "all others that the change reaches",
    )
    parser.add_argument("--same", action="store_true", help="let BASE and HEAD be one commit, which passes")
    options.add_budget(parser, "what compiling leaves of 170s, from 30s to 75s")
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
    from lobench.engine.errors import UsageError
    from lobench.workbench.commits.gate import check
    from lobench.workbench.commits.repository import Repository
    from lobench.workbench.console import print_json
    from lobench.workbench.costlier import costlier
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.check import summary

    if arguments.worktree and arguments.head not in (None, "HEAD"):
        raise UsageError("--worktree judges the working tree: leave out HEAD")
    outlets.check(arguments)
    repository = Repository()
    base, head = arguments.base, arguments.head
    between = repository.pair(base)
    if between is not None:
        if head is not None or arguments.worktree:
            raise UsageError(f"'{base}' names HEAD already: leave out {'--worktree' if head is None else head}")
        base, head = between
    feeds = arguments.separate or [DEFAULT_FEED]
    result = check(
        repository,
        base,
        None if arguments.worktree else head or "HEAD",
        feeds=feeds,
        variants=arguments.variants,
        evaluate=arguments.evaluate,
        timed=not arguments.exact,
        seconds=arguments.budget,
        allowed=arguments.allow_instructions,
        same=arguments.same,
    )
    if arguments.json:
        print_json(result.as_json())
    places = costlier(result, feeds) if arguments.lines or arguments.github is not None else []
    outlets.deliver(summary(result, _repeated(arguments, result), places), arguments)
    return 0 if result.passed else 1


def _repeated(arguments: argparse.Namespace, result: Check) -> str:
    """The command with the commits by their hashes: names move on."""
    from lobench.workbench.summaries.outlets import command

    base, head = (source.commit.hash[:12] if source.commit else None for source in (result.base, result.head))
    if head is None:
        return command({arguments.base: base or arguments.base})
    if arguments.head is not None:
        return command({arguments.base: base or "", arguments.head: head})
    return command({arguments.base: f"{base}..{head}"})
