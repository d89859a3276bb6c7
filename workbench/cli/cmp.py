"""Compare two variants now: verify both, measure them side by side in one session, and report whether B is faster than
A.

The session's control, a comparison of identical things, is printed beside the verdict; two names of one kernel get no
verdict. The result is saved in out/<time>/result.json. Exit code 1 if B is shown to be slower, or if the results of
either differ from the reference's.

A and B may instead be two callables (FILE.py:NAME), whose results must be equal, or with --command two commands, whose
output and exit code must be equal. More may follow, each compared with A (docs/compare.md).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import contest, options

if TYPE_CHECKING:
    from lobench.engine.foreign.start import Contestant
    from lobench.workbench.ladder import Ladder
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.results.model.document import Result

HELP = "compare two variants, callables or commands side by side"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "a",
        metavar="A",
        help="a variant: name, first letters, or combination; or a callable: FILE.py:NAME or MODULE:NAME; with "
        "--command a command",
    )
    parser.add_argument("b", metavar="B", help="the variant, callable or command to compare with A")
    options.add_feeds(parser, note="for variants; after callables or commands, more of them")
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
    options.add_outlets(parser)
    options.add_json(parser)
    contest.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from lobench.workbench.cli.outcome import exit_code, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.results.conversion import as_json
    from lobench.workbench.results.refuted import refuted
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.cmp import summary

    outlets.check(arguments)
    asked = contest.asked_of(arguments, defaults())
    if asked is not None:
        return contest.run(arguments, asked)
    folder, content, (base, variant) = conducted(arguments)
    (feed,) = content.feeds
    comparison = feed.comparison
    if arguments.json:
        print_json({"result_file": str(folder.result), "comparison": as_json(comparison), **without_rows(content)})
    code = 1 if exit_code(content) or (comparison and comparison.regression) else 0
    said = summary(content, base, variant, code == 0, outlets.command())
    said = replace(said, facts=[*said.facts, ("result", str(folder.result))])
    outlets.deliver(said, arguments, "verification" if refuted(feed) else "verdict")
    return code


def defaults() -> dict[str, object]:
    """The default of each argument."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return vars(parser.parse_args(["A", "B"]))


def conducted(arguments: argparse.Namespace) -> tuple[ResultFolder, Result, tuple[str, str]]:
    """Verify, measure and compare as asked; returns the result's folder, the result, and the two names."""
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
        conduct(document, [(specs, source)], variants, ladder, budget, arguments.tuning, pair=(base, variant))
    finally:
        folder.drop_if_empty()
    (feed,) = content.feeds
    if not {base, variant} & set(refuted(feed)):
        feed.comparison = compare(feed, base, variant, arguments.tolerance, until=content.until)
        document.save()
    return folder, content, (base, variant)


def _variants(arguments: argparse.Namespace, ladder: Ladder) -> tuple[list[Contestant], tuple[str, str]]:
    """The variants to measure, including the reference, and the two names."""
    from lobench.engine.errors import UsageError

    pair = [ladder.named(name) for name in (arguments.a, arguments.b)]
    names = pair[0].name, pair[1].name
    if names[0] == names[1]:
        raise UsageError(
            f"A and B are both {names[0]}: name two different variants (every session measures the reference against "
            "itself)"
        )
    chosen = {variant.name: variant for variant in (ladder.known[ladder.reference], *pair)}
    return list(chosen.values()), names
