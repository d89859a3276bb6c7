"""Measure variants side by side, for a fixed time or until every interval is narrow enough. The result is saved in
out/<time>/result.json.

Every variant is verified first; one whose results differ from the reference's is reported and not measured. Several
FEEDs are replayed as one; each --feed is measured separately. An interrupted measurement is saved and continues with
--resume.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lobench.engine.feeds import Feed
    from lobench.workbench.experiment.budget import Budget
    from lobench.workbench.experiment.document import Document

HELP = "measure variants side by side, for a fixed time or to a precision"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_what(parser)
    parser.add_argument(
        "--resume", metavar="RESULT.json", help="continue an interrupted measurement, with its own options"
    )
    options.add_json(parser)


def _add_what(parser: argparse.ArgumentParser) -> None:
    """Options that an interrupted measurement stores."""
    options.add_feeds(parser)
    options.add_feed(parser, "the ladder's: synth:liquid-future")
    options.add_chosen(parser)
    options.add_tuning(parser)
    options.add_until(parser)
    options.add_time_limit(parser)
    options.add_budget(parser, "120s, with --precision at most 10m; shared by all feeds")
    options.add_precision(parser)
    options.add_processes(parser)
    options.add_output(parser, "out")


def run(arguments: argparse.Namespace) -> int:
    import shlex

    from lobench.workbench.cli.outcome import exit_code, say, show, without_rows
    from lobench.workbench.console import print_json

    document = _resumed(arguments) if arguments.resume else _measured(arguments)
    content = document.content
    result = document.folder.result
    if arguments.json:
        print_json({"result_file": str(result), **without_rows(content)})
        return exit_code(content)
    show(content)
    say("result", result)
    say("next", shlex.join(["lobench", "report", str(result)]))
    return exit_code(content)


def _measured(arguments: argparse.Namespace) -> Document:
    from lobench.workbench.experiment.document import Document, new_content
    from lobench.workbench.experiment.options import options_of
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.selection import with_reference

    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    specs = options.specs_of(arguments, ladder.file.feed)
    budget = _budget(arguments, len(specs))
    variants = with_reference(arguments.variants, ladder)
    feeds = _opened(specs)
    asked = options_of(specs, arguments.variants_from, arguments.tuning, budget, arguments.ladder)
    folder = ResultFolder(arguments.output)
    try:
        content = new_content("measure", variants, options.workload_of(arguments, ladder.files), asked, ladder.kept())
        document = Document(content, folder)
        conduct(document, feeds, variants, ladder, budget, arguments.tuning)
    finally:
        folder.drop_if_empty()
    return document


def _resumed(arguments: argparse.Namespace) -> Document:
    from lobench.engine.errors import UsageError
    from lobench.workbench.experiment.options import budget_of, kept
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.experiment.resume import check, check_ladder, reopen
    from lobench.workbench.ladder import load_ladder

    document = reopen(arguments.resume)
    content = document.content
    given = _given(arguments)
    if given:
        raise UsageError(f"--resume uses the options of the interrupted command; leave out {', '.join(given)}")
    asked = kept(content, arguments.resume)
    ladder = load_ladder(asked.ladder, asked.variants_from)
    check_ladder(content, ladder)
    variants = [ladder.named(entry.name) for entry in content.variants]
    check(content, variants)
    conduct(document, _opened(asked.feeds), variants, ladder, budget_of(asked), asked.tuning)
    return document


def _given(arguments: argparse.Namespace) -> list[str]:
    """Options that were typed although the interrupted measurement stores them."""
    parser = argparse.ArgumentParser()
    _add_what(parser)
    spelled = {"feeds": "FEED", "separate": "--feed", **options.spelled_settings()}
    return [
        spelled.get(name, f"--{name.replace('_', '-')}")
        for name, value in vars(parser.parse_args([])).items()
        if getattr(arguments, name) != value
    ]


def _opened(feeds: Sequence[Sequence[str]]) -> list[tuple[Sequence[str], Feed]]:
    from lobench.engine.feeds import open_feed

    return [(specs, open_feed(specs)) for specs in feeds]


def _budget(arguments: argparse.Namespace, feeds: int) -> Budget:
    from lobench.workbench.experiment import budget

    default = budget.MEASURE_SECONDS if arguments.precision is None else budget.PRECISION_SECONDS
    seconds = default if arguments.budget is None else arguments.budget
    return budget.Budget(
        seconds / feeds, arguments.processes, precision=arguments.precision, time_limit=arguments.time_limit
    )
