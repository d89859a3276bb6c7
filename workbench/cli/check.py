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
    options.add_evaluate(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.commits.gate import EXIT_CODES
    from lobench.workbench.console import print_json

    result = checked(arguments)
    if arguments.json:
        print_json(result.as_json())
    else:
        show(result)
    return EXIT_CODES[result.outcome]


def checked(arguments: argparse.Namespace) -> Check:
    """Check as asked."""
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
    settings = Settings(
        feeds=arguments.separate or list(origin.feed),
        variants=arguments.variants,
        evaluate=arguments.evaluate,
        timed=not arguments.exact,
        seconds=arguments.budget,
        allowed=arguments.allow_instructions,
        same=arguments.same,
    )
    try:
        return check(origin, base, None if arguments.worktree else head or "HEAD", settings)
    except LobenchError as error:
        # Exit code 1 says that HEAD is worse, and nothing else.
        if type(error).exit_code == LobenchError.exit_code:
            raise UnjudgedError(str(error)) from error
        raise


def show(result: Check) -> None:
    """Print a check for a person."""
    from rich.table import Table

    from lobench.workbench.console import stdout

    console = stdout()
    console.print(f"base          {result.base}", markup=False)
    console.print(f"head          {result.head}", markup=False)
    if result.findings:
        table = Table()
        headings = ("feed", "variant", "speed", "95 % interval", "noise floor", "instructions", "moved", "verdict")
        for heading in headings:
            table.add_column(heading, justify="right" if heading in headings[2:6] else "left", overflow="fold")
        for finding in result.findings:
            table.add_row(*_cells(finding))
        console.print(table)
    for text in _details(result):
        console.print(text, markup=False, soft_wrap=True)
    console.print(_conclusion(result), markup=False, soft_wrap=True)


def _details(result: Check) -> list[str]:
    """What stands between the table and the conclusion."""
    found = [f"{one.variant}: {one.difference}" for one in result.findings if one.difference]
    for one in result.findings:
        found += [f"{one.variant}  {line}" for line in one.lines if one.worse]
    if any(one.worse for one in result.findings) and result.files:
        found.append(f"files changed {', '.join(result.files[:6])}{' …' if len(result.files) > 6 else ''}")
    if result.uncounted:
        found.append(f"instructions  not counted: {result.uncounted}")
    if result.measured is not None and result.measured.session.rounds:
        rounds = result.measured.session.rounds
        found.append(f"session       {rounds} rounds, {result.samples:,} samples, CPU time, in turns")
    if result.unreached:
        found.append(f"not reached   {' '.join(result.unreached)}: the same code in both, nothing to measure")
    if result.unseen:
        names = " ".join(result.unseen)
        remedy = f"look at them with --variants '{names}', or leave out --variants"
        found.append(f"not looked at {names}: the change reaches them; {remedy}")
    return list(dict.fromkeys(found))


def _conclusion(result: Check) -> str:
    """The check in one line."""
    from lobench.workbench.commits.findings import NOTHING, REPAIRED

    def told(verdicts: Callable[[Finding], bool]) -> str:
        return ", ".join(dict.fromkeys(f"{one.variant} ({one.verdict})" for one in result.findings if verdicts(one)))

    if result.broken is not None:
        return f"FAILED: HEAD does not run: {result.broken}"
    if result.outcome == "failed":
        return f"FAILED: {told(lambda one: one.worse)}"
    if result.outcome == "incomplete":
        blank = told(lambda one: one.verdict == NOTHING)
        unseen = f"not looked at: {', '.join(result.unseen)}" if result.unseen else ""
        return f"INCOMPLETE, no verdict: {'; '.join(filter(None, [unseen, blank]))}"
    if result.same_code:
        return "PASSED: both are the same code but for comments and layout; there is nothing to measure"
    rest = "same results, nothing slower beyond the noise floor, no more work"
    if result.outcome == "repaired":
        repaired = told(lambda one: one.verdict == REPAIRED)
        others = f"; of the others: {rest}" if any(one.verdict != REPAIRED for one in result.findings) else ""
        return f"PASSED, a repair: {repaired}. BASE was wrong, HEAD runs and agrees with its reference{others}"
    return f"PASSED: {rest}"


def _cells(finding: Finding) -> list[str]:
    ratio = finding.ratio
    moved = [name for name in finding.moved if name != "instructions" and not name.startswith("instructions of")]
    moved += [f"{action} {change:+.1%}" for action, change in finding.actions.items()]
    # Where the instructions are the same, so is everything that they count; else it must have been counted.
    counted = len(finding.exact) > 1 or not finding.moved
    return [
        finding.feed,
        finding.variant,
        "" if ratio is None else f"{ratio.value:.4f}x",
        "" if ratio is None else f"{ratio.low:.4f} to {ratio.high:.4f}",
        "" if finding.floor is None else f"{finding.floor:.2%}",
        "" if finding.instructions is None else f"{finding.instructions:+.2%}",
        ", ".join(moved) or ("none" if counted else "not counted"),
        finding.verdict,
    ]
