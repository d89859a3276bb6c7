"""Verify all variants on a feed, measure them side by side, explain the differences, and keep everything in
out/<time>: the result with its raw samples, and the report.

A variant that does not compute what the reference computes is reported and not measured.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli.options import (
    add_feeds,
    add_json,
    add_time_limit,
    add_tuned,
    add_until,
    add_variants,
    time_limit,
)

if TYPE_CHECKING:
    from lobench.workbench.experiment.plan import Plan

HELP = "verify and measure all variants on a feed: the main job"

DEFAULT_FEED = "synth:liquid-future"
QUICK_FEED = "synth:liquid-future,n=200000"
LADDER = "ladder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_feeds(parser, required=False)
    add_variants(parser)
    add_tuned(parser)
    add_until(parser, "decode", "book", "features", "strategies")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="under a minute: a shorter feed, a coarser measurement, no factorial, scaling or sweep",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="after all that, profile every variant down to the source lines of its kernels: takes minutes more",
    )
    parser.add_argument(
        "--budget", metavar="TIME", help="for the ladder's session: 90, 90s, 2m (default 120s, quick 20s)"
    )
    parser.add_argument("--processes", type=int, metavar="N", help="fresh processes to measure in (default: as fits)")
    parser.add_argument("-o", "--output", metavar="DIR", default="out", help="where results are kept (default out)")
    add_time_limit(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.feeds import open_feed
    from lobench.workbench.cli.outcome import exit_code, say, show, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.experiment.document import Document, new_content
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.results import ResultFolder, read
    from lobench.workbench.selection import with_reference

    plan = _plan(arguments)
    specs = arguments.feeds or [QUICK_FEED if arguments.quick else DEFAULT_FEED]
    variants = with_reference(arguments.variants, arguments.variants_from)
    source = open_feed(specs)
    folder = ResultFolder(arguments.output)
    try:
        document = Document(new_content("run", variants, arguments.evaluate, arguments.until), folder)
        conduct(document, [(specs, source)], variants, arguments.variants_from, plan, arguments.tuned)
    finally:
        folder.drop_if_empty()
    content = document.content
    # The libraries that draw take a second to load.
    from lobench.reports import write

    page = write([read(folder.result)], folder.path)
    if arguments.json:
        print_json({"result_file": str(folder.result), "report_file": str(page), **without_rows(content)})
        return exit_code(content)
    show(content)
    if arguments.quick:
        say("coarse", "a quick look: no factorial, scaling or sweep; without --quick there are")
    say("result", folder.result)
    say("report", page)
    say("next", _next(arguments.quick, arguments.until, arguments.feeds))
    return exit_code(content)


def _plan(arguments: argparse.Namespace) -> Plan:
    from dataclasses import replace

    from lobench.engine.errors import UsageError
    from lobench.engine.policy import STAGES
    from lobench.workbench.experiment import plan

    whole = arguments.until == STAGES[-1]
    if arguments.profile and not whole:
        raise UsageError("--profile looks at the whole pipeline; leave out --until")
    default = plan.QUICK_SECONDS if arguments.quick else plan.RUN_SECONDS
    seconds = default if arguments.budget is None else plan.seconds_of(arguments.budget)
    if arguments.quick:
        quick = plan.quick(seconds, arguments.processes)
        return replace(quick, profile=arguments.profile, time_limit=time_limit(arguments))
    # The factorial is of the ladder's own axes: other variants are measured without it. A part of the pipeline leaves
    # axes without work, and says nothing of what phases earn.
    full = plan.full(seconds, arguments.processes, factorial=arguments.variants == LADDER and whole)
    return replace(full, profile=arguments.profile, time_limit=time_limit(arguments))


def _next(quick: bool, until: str, specs: list[str]) -> str:
    """The command that says more."""
    import shlex

    from lobench.engine.policy import STAGES

    stage = [] if until == STAGES[-1] else ["--until", until]
    return shlex.join(["lobench", *(["run"] if quick else ["measure", "--until", "0.5%"]), *stage, *specs])
