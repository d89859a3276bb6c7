"""Measure variants side by side, for a time or until every interval is narrow enough, and keep everything in
out/<time>/result.json.

Every variant is verified first: one that does not compute what the reference computes is reported and not measured.
Several FEEDs are replayed as one; each --feed is measured by itself. An interrupted measurement is kept, and goes on
with --resume.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli.options import add_feeds, add_json, add_time_limit, add_tuned, add_variants, time_limit

if TYPE_CHECKING:
    from lobench.engine.feeds import Feed
    from lobench.workbench.experiment.document import Document
    from lobench.workbench.experiment.plan import Plan

HELP = "measure variants side by side, for a time or to a precision"

DEFAULT_FEED = "synth:liquid-future"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_what(parser)
    parser.add_argument(
        "--resume", metavar="RESULT.json", help="go on with an interrupted measurement; it knows its own options"
    )
    add_json(parser)


def _add_what(parser: argparse.ArgumentParser) -> None:
    add_feeds(parser, required=False)
    parser.add_argument(
        "--feed", metavar="FEED", action="append", default=[], help="one more feed, measured by itself (repeatable)"
    )
    add_variants(parser)
    add_tuned(parser, "--profile")
    add_time_limit(parser)
    parser.add_argument(
        "--budget",
        metavar="TIME",
        help="for measuring all feeds: 90, 90s, 2m (default 120s, with --until WIDTH at most 10m)",
    )
    parser.add_argument(
        "--until",
        metavar="STAGE|WIDTH",
        action="append",
        help="decode, book, features or strategies: measure the pipeline so far (default: all of it); or a width such "
        "as 0.5%%: stop when every interval's half-width is below it; may be given twice, once for each",
    )
    parser.add_argument("--processes", type=int, metavar="N", help="fresh processes to measure in (default: as fits)")
    parser.add_argument("-o", "--output", metavar="DIR", default="out", help="where results are kept (default out)")


def run(arguments: argparse.Namespace) -> int:
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
    say("next", f"lobench report {result}")
    return exit_code(content)


def _measured(arguments: argparse.Namespace) -> Document:
    from lobench.workbench.experiment.document import Document, new_content
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.selection import with_reference

    plan, until = _plan(arguments)
    variants = with_reference(arguments.variants, arguments.variants_from)
    feeds = _feeds(arguments)
    folder = ResultFolder(arguments.output)
    try:
        document = Document(new_content("measure", variants, arguments.evaluate, until), folder)
        conduct(document, feeds, variants, arguments.variants_from, plan, arguments.tuned)
    finally:
        folder.drop_if_empty()
    return document


def _resumed(arguments: argparse.Namespace) -> Document:
    from lobench.engine.errors import UsageError
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.experiment.resume import check, reopen
    from lobench.workbench.selection import with_reference

    document = reopen(arguments.resume)
    before = _said_before(document.content.command)
    given = [
        name for name, value in vars(_said_before("lobench measure")).items() if vars(arguments).get(name) != value
    ]
    if given:
        raise UsageError(f"--resume goes on with the options of the interrupted command; leave out {', '.join(given)}")
    variants = with_reference(before.variants, before.variants_from)
    check(document.content, variants)
    plan, _ = _plan(before)
    conduct(document, _feeds(before), variants, before.variants_from, plan)
    return document


def _said_before(command: str) -> argparse.Namespace:
    """What an earlier command line asked for."""
    import shlex

    parser = argparse.ArgumentParser()
    _add_what(parser)
    add_json(parser)
    said, _ = parser.parse_known_args(shlex.split(command)[2:])
    del said.json
    return said


def _feeds(arguments: argparse.Namespace) -> list[tuple[list[str], Feed]]:
    from lobench.engine.feeds import open_feed

    together: list[Any] = [arguments.feeds] if arguments.feeds else []
    specs = [*together, *([spec] for spec in arguments.feed)] or [[DEFAULT_FEED]]
    return [(names, open_feed(names)) for names in specs]


def _plan(arguments: argparse.Namespace) -> tuple[Plan, str]:
    """The plan, and the last stage that is computed."""
    from lobench.workbench.experiment import plan

    until, precision = plan.until_of(arguments.until or [])
    default = plan.MEASURE_SECONDS if precision is None else plan.UNTIL_SECONDS
    seconds = default if arguments.budget is None else plan.seconds_of(arguments.budget)
    feeds = len(arguments.feed) + bool(arguments.feeds) or 1
    made = plan.Plan(seconds / feeds, arguments.processes, until_precision=precision, time_limit=time_limit(arguments))
    return made, until
