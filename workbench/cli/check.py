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
    from collections.abc import Callable

    from lobench.workbench.commits.findings import Finding
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
    options.add_evaluate(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError
    from lobench.workbench.commits.gate import check
    from lobench.workbench.commits.repository import Repository
    from lobench.workbench.console import print_json

    if arguments.worktree and arguments.head not in (None, "HEAD"):
        raise UsageError("--worktree judges the working tree: leave out HEAD")
    repository = Repository()
    base, head = arguments.base, arguments.head
    between = repository.pair(base)
    if between is not None:
        if head is not None or arguments.worktree:
            raise UsageError(f"'{base}' names HEAD already: leave out {'--worktree' if head is None else head}")
        base, head = between
    result = check(
        repository,
        base,
        None if arguments.worktree else head or "HEAD",
        feeds=arguments.separate or [DEFAULT_FEED],
        variants=arguments.variants,
        evaluate=arguments.evaluate,
        timed=not arguments.exact,
        seconds=arguments.budget,
        allowed=arguments.allow_instructions,
        same=arguments.same,
    )
    if arguments.json:
        print_json(result.as_json())
    else:
        show(result)
    return 0 if result.passed else 1


def show(result: Check) -> None:
    """Print a check for a person."""
    from rich.table import Table

    from lobench.workbench.console import stdout

    console = stdout()
    console.print(f"base          {result.base.label}", markup=False)
    console.print(f"head          {result.head.label}", markup=False)
    if not result.findings:
        console.print("PASSED: both have the same engine, variants and pinned packages; there is nothing to measure")
        return
    table = Table()
    headings = ("feed", "variant", "time", "95 % interval", "noise floor", "instructions", "counters moved", "verdict")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in headings[2:6] else "left", overflow="fold")
    for finding in result.findings:
        table.add_row(*_cells(finding))
    console.print(table)
    for text in dict.fromkeys(f"{one.variant}: {one.difference}" for one in result.findings if one.difference):
        console.print(text, markup=False, soft_wrap=True)
    if result.uncounted:
        console.print(f"instructions  not counted: {result.uncounted}", markup=False, soft_wrap=True)
    if result.measured is not None:
        session = result.measured.session
        console.print(f"session       {session.rounds} rounds, {len(session.samples):,} samples, CPU time, in turns")
    if result.unseen:
        names = " ".join(result.unseen)
        remedy = f"look at them with --variants '{names}', or leave out --variants"
        console.print(f"not looked at {names}: the change reaches them; {remedy}", markup=False, soft_wrap=True)
    console.print(_conclusion(result), markup=False, soft_wrap=True)


def _conclusion(result: Check) -> str:
    """The check in one line."""
    from lobench.workbench.commits.findings import NOTHING, REPAIRED

    def told(verdicts: Callable[[Finding], bool]) -> str:
        return ", ".join(dict.fromkeys(f"{one.variant} ({one.verdict})" for one in result.findings if verdicts(one)))

    if result.outcome == "failed":
        return f"FAILED: {told(lambda one: one.worse)}"
    if result.outcome == "incomplete":
        blank = told(lambda one: one.verdict == NOTHING)
        unseen = f"not looked at: {', '.join(result.unseen)}" if result.unseen else ""
        return f"INCOMPLETE, no pass: {'; '.join(filter(None, [unseen, blank]))}"
    rest = "same results, nothing slower beyond the noise floor, no more work"
    if result.outcome == "repaired":
        repaired = told(lambda one: one.verdict == REPAIRED)
        others = f"; of the others: {rest}" if any(one.verdict != REPAIRED for one in result.findings) else ""
        return f"PASSED, a repair: {repaired}. BASE was wrong, HEAD runs and agrees with its reference{others}"
    return f"PASSED: {rest}"


def _cells(finding: Finding) -> list[str]:
    ratio = finding.ratio
    moved = [name for name in finding.moved if name != "instructions"]
    # Where the instructions are the same, so is everything that they count; else it must have been counted.
    counted = len(finding.exact) > 1 or not finding.moved
    return [
        finding.feed,
        finding.variant,
        "" if ratio is None else f"{ratio.value - 1:+.2%}",
        "" if ratio is None else f"{ratio.low - 1:+.2%} to {ratio.high - 1:+.2%}",
        "" if finding.floor is None else f"{finding.floor:.2%}",
        "" if finding.instructions is None else f"{finding.instructions:+.2%}",
        ", ".join(moved) or ("none" if counted else "not counted"),
        finding.verdict,
    ]
