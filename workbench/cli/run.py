"""Verify all variants on a feed, measure them side by side and explain the differences. The result with its raw
samples and the report are saved in out/<time>; the ladder is printed as soon as it is measured.

A variant whose results differ from the reference's is reported and not measured.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lobench.workbench.experiment.budget import Budget
    from lobench.workbench.experiment.pipeline import Stands
    from lobench.workbench.experiment.step import Step
    from lobench.workbench.latency.asked import Asked
    from lobench.workbench.results import FeedResult, Result, ResultFolder

HELP = "verify and measure all variants on a feed: the main command"

QUICK_RECORDS = 200_000
"""Length of the synthetic feed of a quick run without a FEED."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser)
    options.add_chosen(parser)
    options.add_tuning(parser)
    options.add_until(parser)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="under a minute: a shorter feed, a coarser measurement, no factorial, scaling or sweep",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="afterwards, profile every variant down to the source lines of its kernels (minutes more)",
    )
    parser.add_argument(
        "--latency",
        action="store_true",
        help="also measure response times, as `lobench latency` does (minutes more)",
    )
    options.add_steps_from(parser)
    options.add_budget(parser, "80s, with --quick 20s, for the ladder; the later steps take as long again")
    options.add_processes(parser)
    options.add_output(parser, "out")
    options.add_time_limit(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.cli.latency import show_latency
    from lobench.workbench.cli.outcome import exit_code, say, show_rest, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.latency.shown import HISTOGRAMS
    from lobench.workbench.results import read

    told = _Told()
    folder, content = conducted(arguments, None if arguments.json else told.ladder)
    page = written(folder, read(folder.result))
    if arguments.json:
        print_json({"result_file": str(folder.result), "report_file": str(page), **without_rows(content)})
        return exit_code(content)
    (feed,) = content.feeds
    show_rest(content, feed, told.outcomes)
    if arguments.latency:
        show_latency(content, feed)
        say("histograms", folder.path / HISTOGRAMS)
    if arguments.quick:
        say("coarse", "quick run: no factorial, scaling or sweep; leave out --quick to get them")
    say("result", folder.result)
    say("report", page)
    say("next", _next(arguments))
    return exit_code(content)


def written(folder: ResultFolder, document: Result) -> Path:
    """Write a result's page beside it, with the changes since the last run."""
    # Imported here: the drawing libraries take a second to load.
    from lobench.reports import write
    from lobench.workbench.comparison.previous import previous

    return write([document], folder.path, previous(folder.path, document))


class _Told:
    """Prints the ladder as soon as it is measured, and counts the outcomes of verification printed with it."""

    outcomes = 0

    def ladder(self, content: Result, feed: FeedResult, coming: Sequence[Step], budget: Budget) -> None:
        from lobench.workbench.cli.outcome import say_coming, show_ladder

        show_ladder(content, feed)
        say_coming(coming, budget)
        self.outcomes = len(feed.verification)


def conducted(arguments: argparse.Namespace, stands: Stands | None = None) -> tuple[ResultFolder, Result]:
    """Verify and measure as requested; returns the result and its place. ``stands``: see ``pipeline.conduct``."""
    from lobench.engine.feeds import open_feed
    from lobench.engine.scope import least
    from lobench.workbench.experiment.document import Document, new_content
    from lobench.workbench.experiment.options import options_of
    from lobench.workbench.experiment.own import load_steps
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.selection import with_reference

    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    own = load_steps(arguments.steps_from)
    specs = options.feeds_of(arguments, _default_feed(ladder.file.feed, arguments.quick))
    variants = with_reference(arguments.variants, ladder)
    until = least(variant.scope(arguments.until) for variant in variants).until
    budget = _budget(arguments, until)
    source = open_feed(specs)
    asked = options_of([specs], arguments.variants_from, arguments.tuning, budget, arguments.ladder)
    folder = ResultFolder(arguments.output)
    try:
        content = new_content("run", variants, options.workload_of(arguments, ladder.files), asked, ladder.kept())
        document = Document(content, folder)
        conduct(document, [(specs, source)], variants, ladder, budget, arguments.tuning, own=own, stands=stands)
    finally:
        folder.drop_if_empty()
    return folder, content


def _budget(arguments: argparse.Namespace, until: str) -> Budget:
    from dataclasses import replace

    from lobench.engine.errors import UsageError
    from lobench.engine.stages import STAGES
    from lobench.workbench.experiment import budget
    from lobench.workbench.selection import LADDER

    whole = until == STAGES[-1]
    if arguments.profile and not whole:
        if arguments.until == STAGES[-1]:
            raise UsageError(
                f"--profile needs the whole pipeline, and an engine from outside ends the session after {until}; "
                "leave the engine out, or profile it alone: lobench profile ENGINE --variants-from FILE"
            )
        raise UsageError("--profile needs the whole pipeline; leave out --until")
    default = budget.QUICK_SECONDS if arguments.quick else budget.RUN_SECONDS
    seconds = default if arguments.budget is None else arguments.budget
    more: dict[str, Any] = {
        "profile": arguments.profile,
        "time_limit": arguments.time_limit,
        "latency": _latency(arguments),
    }
    if arguments.quick:
        quick = budget.quick(seconds, arguments.processes)
        return replace(quick, **more)
    # The factorial covers the ladder's own axes, so a choice of other variants is measured without it. In a partial
    # pipeline some axes have no work and the gain of their phases cannot be measured.
    full = budget.full(seconds, arguments.processes, factorial=arguments.variants == LADDER and whole)
    return replace(full, **more)


def _latency(arguments: argparse.Namespace) -> Asked | None:
    if not arguments.latency:
        return None
    from lobench.workbench.latency.asked import Asked

    return Asked()


def _default_feed(feed: Sequence[str], quick: bool) -> list[str]:
    """The ladder's feed; a quick run shortens a synthetic one of unspecified length."""
    return [
        f"{spec},n={QUICK_RECORDS}" if quick and spec.startswith("synth:") and ",n=" not in spec else spec
        for spec in feed
    ]


def _next(arguments: argparse.Namespace) -> str:
    """The command for a more precise answer: same variants, stages and tuning."""
    import shlex

    from lobench.engine.stages import STAGES

    verb = ["run"] if arguments.quick else ["measure", "--precision", "0.5%"]
    asked = {
        "--variants": arguments.variants if arguments.variants != "ladder" else None,
        "--evaluate": arguments.evaluate if arguments.evaluate != "last" else None,
        "--until": arguments.until if arguments.until != STAGES[-1] else None,
        "--ladder": arguments.ladder,
        "--tuning": arguments.tuning,
    }
    words = [word for option, value in asked.items() if value is not None for word in (option, value)]
    files = [word for file in arguments.variants_from for word in ("--variants-from", file)]
    return shlex.join(["lobench", *verb, *words, *files, *options.feeds_of(arguments)])
