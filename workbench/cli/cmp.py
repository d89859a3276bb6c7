"""Compare two variants now: verify both, measure them side by side in one session, and say whether B is faster than A.

What the session says of identical things stands beside the verdict; two names of one kernel get none. Everything is
kept in out/<time>/result.json. Exit code 1 if B is slower for certain, or if one of the two computes something else
than the reference.

A and B may be two callables instead (FILE.py:NAME), whose results must be equal, or with --command two commands, whose
output and exit code must be; more of them may follow, all compared with A (docs/compare.md).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import contest, options

if TYPE_CHECKING:
    from lobench.engine.foreign.start import Contestant
    from lobench.workbench.ladder import Ladder
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.results.model.document import FeedResult, Result
    from lobench.workbench.results.model.intervals import Interval

HELP = "compare two variants, callables or commands side by side"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "a",
        metavar="A",
        help="a variant: its name or first letters, or a combination; or a callable, as FILE.py:NAME or MODULE:NAME; "
        "with --command a command",
    )
    parser.add_argument("b", metavar="B", help="the variant, callable or command that is compared with it")
    options.add_feeds(parser, note="of variants; after callables and commands, more of them")
    options.add_ladder(parser)
    options.add_variants_from(parser)
    options.add_evaluate(parser)
    options.add_tuning(parser)
    options.add_until(parser)
    options.add_budget(parser, f"{contest.SECONDS:g}s")
    options.add_precision(parser)
    options.add_processes(parser)
    options.add_tolerance(parser)
    options.add_time_limit(parser)
    options.add_output(parser, "out")
    options.add_json(parser)
    contest.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.cli.outcome import exit_code, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.results.conversion import as_json

    asked = contest.asked_of(arguments, defaults())
    if asked is not None:
        return contest.run(arguments, asked)
    folder, content, (base, variant) = conducted(arguments)
    (feed,) = content.feeds
    comparison = feed.comparison
    if arguments.json:
        print_json({"result_file": str(folder.result), "comparison": as_json(comparison), **without_rows(content)})
    else:
        _show(content, feed, base, variant, folder.result)
    return 1 if exit_code(content) or (comparison and comparison.regression) else 0


def defaults() -> dict[str, object]:
    """What arguments are that nobody gives."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return vars(parser.parse_args(["A", "B"]))


def conducted(arguments: argparse.Namespace) -> tuple[ResultFolder, Result, tuple[str, str]]:
    """Verify, measure and compare as asked; returns the result, where it is kept, and the names of the two."""
    from lobench.engine.feeds import open_feed
    from lobench.workbench.comparison.cmp import compare
    from lobench.workbench.experiment.budget import Budget
    from lobench.workbench.experiment.document import Document, new_content
    from lobench.workbench.experiment.options import options_of
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.results.refuted import refuted

    budget = Budget(
        contest.SECONDS if arguments.budget is None else arguments.budget,
        arguments.processes,
        precision=arguments.precision,
        counters=True,
        time_limit=arguments.time_limit,
    )
    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    variants, (base, variant) = _variants(arguments, ladder)
    specs = options.feeds_of(arguments, ladder.file.feed)
    source = open_feed(specs)
    asked = options_of([specs], arguments.variants_from, arguments.tuning, budget, arguments.ladder)
    folder = ResultFolder(arguments.output)
    try:
        content = new_content("cmp", variants, options.workload_of(arguments, ladder.files), asked, ladder.kept())
        document = Document(content, folder)
        conduct(document, [(specs, source)], variants, ladder, budget, arguments.tuning)
    finally:
        folder.drop_if_empty()
    (feed,) = content.feeds
    if not {base, variant} & set(refuted(feed)):
        feed.comparison = compare(feed, base, variant, arguments.tolerance, until=content.until)
        document.save()
    return folder, content, (base, variant)


def _variants(arguments: argparse.Namespace, ladder: Ladder) -> tuple[list[Contestant], tuple[str, str]]:
    """What is measured, the reference among it, and the names of the two."""
    from lobench.engine.errors import UsageError

    pair = [ladder.named(name) for name in (arguments.a, arguments.b)]
    names = pair[0].name, pair[1].name
    if names[0] == names[1]:
        raise UsageError(
            f"A and B are both {names[0]}: two different variants are compared (every session measures the "
            "reference against itself)"
        )
    chosen = {variant.name: variant for variant in (ladder.known[ladder.reference], *pair)}
    return list(chosen.values()), names


def _show(content: Result, feed: FeedResult, base: str, variant: str, result: object) -> None:
    from rich.table import Table

    from lobench.workbench.cli.outcome import (
        resolution,
        say,
        say_compared,
        say_differences,
        say_floors,
        say_idle,
        say_tuning,
        say_verified,
        stages,
    )
    from lobench.workbench.console import stdout
    from lobench.workbench.results.refuted import refuted

    say_idle(content, feed)
    wrong = refuted(feed)
    say_differences(feed)
    table = Table(title=f"{feed.name}{stages(content)}: {feed.events:,} events")
    for heading in ("", f"A: {base}", f"B: {variant}"):
        table.add_column(heading, justify="right" if heading else "left")
    rungs = feed.analysis.ladder if feed.analysis else ()
    speeds = {rung.variant: rung.events_per_second.scaled(1e-6) for rung in rungs}
    if {base, variant} <= set(speeds):
        pair = [speeds[name] for name in (base, variant)]
        table.add_row("M events/s (95 %)", *(f"{each.value:.3f} ({each.low:.3f} to {each.high:.3f})" for each in pair))
    for counter, cells in _counted(feed, base, variant):
        table.add_row(f"{counter} an event", *cells)
    stdout().print(table)
    _show_verdict(feed, base, variant)
    if wrong:
        say("verification", f"FAILED for {', '.join(wrong)}: no verdict on what computes something else")
    else:
        say_verified(feed)
    say_compared(content)
    say_tuning(feed)
    if feed.analysis:
        say_floors(feed.analysis.noise)
        say("resolution", resolution(feed.analysis.noise))
    say("result", result)


def _show_verdict(feed: FeedResult, base: str, variant: str) -> None:
    from lobench.workbench.cli.outcome import lock_step, say
    from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SHOWN, SLOWER

    comparison = feed.comparison
    if comparison is None:
        return
    ratio, tolerance = comparison.ratio, comparison.tolerance
    said = f"{NO_DIFFERENCE} between {base} and {variant}"
    if comparison.verdict in SHOWN:
        said = f"{variant} is {comparison.verdict} than {base}"
    if comparison.note:
        said = f"none: {comparison.note.removeprefix('no verdict: ')}"
    say("verdict", f"{said}: {_interval(ratio)}, CPU time")
    for rung in feed.analysis.ladder if feed.analysis else ():
        if rung.bias and rung.variant in (base, variant):
            say("lock-step", lock_step(rung.variant, rung.bias))
    if comparison.ratio_alone:
        say("", f"each by itself: {_interval(comparison.ratio_alone)}")
    if comparison.verdict == SLOWER and tolerance:
        beyond = "beyond" if comparison.regression else "not for certain beyond"
        say("tolerance", f"{beyond} the {tolerance:.3%} that is accepted")


def _interval(ratio: Interval) -> str:
    return f"{ratio.value:.4f}x, 95 % interval {ratio.low:.4f} to {ratio.high:.4f}"


def _counted(feed: FeedResult, base: str, variant: str) -> list[tuple[str, list[str]]]:
    """Mechanism counters an event, side by side; those that are 0 in both are left out."""
    counters = [feed.counters.get(name, {}) for name in (base, variant)]
    rows = []
    for counter in dict.fromkeys([*counters[0], *counters[1]]):
        totals = [counted.get(counter) for counted in counters]
        if any(totals):
            cells = ["not counted" if total is None else f"{total / feed.events:.4f}" for total in totals]
            rows.append((counter.replace("_", " "), cells))
    return rows
