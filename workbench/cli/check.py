"""Compare two commits before a merge: do they compute the same, does HEAD do more work, is it slower?

Both run in turns in one session, beside a copy of BASE as control. Exit code 1 when results differ, when a variant is
slower beyond the noise floor, or when time shows nothing and its exact instruction count rose.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workbench.cli.options import add_evaluate, add_json

if TYPE_CHECKING:
    from workbench.commits.findings import Finding
    from workbench.commits.gate import Check

HELP = "compare two commits: results, exact counts and time, with a verdict and an exit code"

DEFAULT_FEED = "synth:liquid-future,n=200000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", metavar="BASE", help="the commit to compare with")
    parser.add_argument("head", metavar="HEAD", nargs="?", default="HEAD", help="the commit to judge (default HEAD)")
    parser.add_argument("--worktree", action="store_true", help="judge the working tree's files, committed or not")
    parser.add_argument(
        "--feed", metavar="FEED", action="append", default=[], help=f"a feed (repeatable; default {DEFAULT_FEED})"
    )
    parser.add_argument(
        "--variants", metavar="LIST", help="names separated by spaces (default: the reference and the ladder's top)"
    )
    parser.add_argument(
        "--budget", type=float, metavar="SECONDS", help="most time for timing (what is left of 170, from 30 to 75)"
    )
    parser.add_argument("--exact", action="store_true", help="no timing: judge by results and instructions alone")
    parser.add_argument(
        "--allow-instructions", type=float, default=0.5, metavar="PERCENT", help="rise that passes (default 0.5)"
    )
    add_evaluate(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from engine.errors import UsageError
    from workbench.commits.gate import check
    from workbench.commits.repository import Repository
    from workbench.console import print_json

    if arguments.worktree and arguments.head != "HEAD":
        raise UsageError("--worktree judges the working tree: leave out HEAD")
    if (arguments.budget is not None and not arguments.budget > 0) or arguments.allow_instructions < 0:
        raise UsageError("--budget must be positive, --allow-instructions not negative")
    result = check(
        Repository(),
        arguments.base,
        None if arguments.worktree else arguments.head,
        feeds=arguments.feed or [DEFAULT_FEED],
        variants=chosen_variants(arguments.variants),
        evaluate=arguments.evaluate,
        timed=not arguments.exact,
        seconds=arguments.budget,
        allowed=arguments.allow_instructions / 100,
    )
    if arguments.json:
        print_json(result.as_json())
    else:
        show(result)
    return 0 if result.passed else 1


def chosen_variants(names: str | None) -> list[str]:
    """Names that a user typed, else the reference and the ladder's top. A commit may lack some: that is told later."""
    from engine.errors import UsageError
    from variants import REFERENCE, discover

    if names is None:
        ladder = [variant.name for variant in discover().values() if variant.phase is not None]
        return list(dict.fromkeys([REFERENCE, ladder[-1]]))
    chosen = list(dict.fromkeys(names.split()))
    if not chosen:
        raise UsageError("--variants names no variant")
    return chosen


def show(result: Check) -> None:
    """Print a check for a person."""
    from rich.table import Table

    from workbench.console import stdout

    console = stdout()
    console.print(f"base          {result.base.label}", markup=False)
    console.print(f"head          {result.head.label}", markup=False)
    if result.measured is None:
        console.print("PASSED: both have the same engine, variants and pinned packages; there is nothing to measure")
        return
    table = Table()
    headings = ("feed", "variant", "time", "95 % interval", "noise floor", "instructions", "counters moved", "verdict")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in headings[2:6] else "left", overflow="fold")
    for finding in result.findings:
        table.add_row(*_cells(finding))
    console.print(table)
    for finding in result.findings:
        if finding.difference is not None:
            console.print(f"{finding.variant}: {finding.difference}", markup=False)
    if result.uncounted:
        console.print(f"instructions  not counted: {result.uncounted}")
    session = result.measured.session
    console.print(f"session       {session.rounds} rounds, {len(session.samples):,} samples, CPU time, in turns")
    worse = [finding for finding in result.findings if finding.worse]
    if worse:
        reasons = ", ".join(f"{finding.variant} ({finding.verdict})" for finding in worse)
        console.print(f"FAILED: {reasons}")
    else:
        console.print("PASSED: same results, nothing slower beyond the noise floor, no more work")


def _cells(finding: Finding) -> list[str]:
    ratio = finding.ratio
    moved = [name for name in finding.moved if name != "instructions"]
    return [
        finding.feed,
        finding.variant,
        "" if ratio is None else f"{ratio.value - 1:+.2%}",
        "" if ratio is None else f"{ratio.low - 1:+.2%} to {ratio.high - 1:+.2%}",
        "" if finding.floor is None else f"{finding.floor:.2%}",
        "" if finding.instructions is None else f"{finding.instructions:+.2%}",
        ", ".join(moved) or "none",
        finding.verdict,
    ]
