"""Measure latency: service times of single calls, and response times when events arrive at the feed's own timestamps,
and faster.

Every variant is verified first, and its results during the timed calls are compared with the reference again. Several
FEEDs are replayed as one; each --feed is measured separately. The result is saved in out/<time>/result.json, each
distribution beside it as an HdrHistogram .hgrm file.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options, units

if TYPE_CHECKING:
    from lobench.workbench.latency.asked import Asked
    from lobench.workbench.results import Result, ResultFolder
    from lobench.workbench.results.model.document import FeedResult

HELP = "measure response times under the feed's own load"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser)
    options.add_feed(parser, "the ladder's: synth:liquid-future")
    options.add_chosen(parser)
    options.add_tuning(parser)
    options.add_until(parser)
    parser.add_argument(
        "--speeds",
        metavar="LIST",
        type=units.speeds,
        help="multiples of the feed's own speed, comma-separated (default 1,2,4,8,16)",
    )
    parser.add_argument(
        "--bound",
        metavar="SPAN",
        type=units.nanoseconds,
        help="find the highest speed at which 99.9%% of events are answered within this time: 500ns, 100us, 2ms "
        "(default 100us)",
    )
    parser.add_argument(
        "--block",
        metavar="N",
        type=int,
        help="maximum number of records per call, at most the variant's own block (default: that block; 1 for an "
        "engine from outside)",
    )
    parser.add_argument(
        "--passes",
        metavar="N",
        type=int,
        help="passes over the feed for each figure, which uses the median of each event (default 3)",
    )
    options.add_time_limit(parser)
    options.add_output(parser, "out")
    options.add_markdown(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from lobench.workbench.atomic_write import write_whole
    from lobench.workbench.cli.outcome import exit_code, say, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.latency.shown import HISTOGRAMS, markdown
    from lobench.workbench.summaries import outlets

    outlets.check(arguments)
    folder, content = conducted(arguments)
    text = "\n\n".join(markdown(feed) for feed in content.feeds)
    if arguments.json:
        print_json({"result_file": str(folder.result), **without_rows(content)})
    elif arguments.markdown == outlets.STDOUT:
        print(text)
    else:
        for feed in content.feeds:
            _show(content, feed)
        say("histograms", folder.path / HISTOGRAMS)
        say("result", folder.result)
        say("next", f"lobench report {folder.result}")
    if arguments.markdown not in (None, outlets.STDOUT):
        write_whole(Path(arguments.markdown), text + "\n", "--markdown takes a file")
    return exit_code(content)


def conducted(arguments: argparse.Namespace) -> tuple[ResultFolder, Result]:
    """Verify and measure as asked; returns the result and where it is kept."""
    from lobench.engine.feeds import open_feed
    from lobench.workbench.experiment.budget import Budget
    from lobench.workbench.experiment.document import Document, new_content
    from lobench.workbench.experiment.pipeline import conduct
    from lobench.workbench.experiment.steps.latency import refuse_without_times
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.selection import with_reference

    budget = Budget(0.0, latency=asked_of(arguments), time_limit=arguments.time_limit)
    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    feeds = [(specs, open_feed(specs)) for specs in options.specs_of(arguments, ladder.file.feed)]
    variants = with_reference(arguments.variants, ladder)
    folder = ResultFolder(arguments.output)
    try:
        workload = options.workload_of(arguments, ladder.files)
        content = new_content("latency", variants, workload, None, ladder.kept())
        # The first feed is read below; check the others before the verification, which takes minutes.
        refuse_without_times(*(source for _, source in feeds[1:]))
        conduct(Document(content, folder), feeds, variants, ladder, budget, arguments.tuning)
    finally:
        folder.drop_if_empty()
    return folder, content


def asked_of(arguments: argparse.Namespace) -> Asked:
    """The request, with defaults for options not given. Raises UsageError for numbers below 1."""
    from lobench.workbench.latency.asked import Asked

    options.refuse_few("--block", arguments.block, 1)
    options.refuse_few("--passes", arguments.passes, 1)
    given = {name: getattr(arguments, name) for name in ("speeds", "bound", "block", "passes")}
    return Asked(**{name: value for name, value in given.items() if value is not None})


def show_latency(content: Result, feed: FeedResult) -> None:
    """Print the tables of a measured feed."""
    from lobench.workbench.cli.outcome import say
    from lobench.workbench.latency.shown import by_call, by_quantile, by_speed, clock, line
    from lobench.workbench.summaries import phrases

    assert feed.latency is not None, "a feed that was measured"
    name = f"{feed.name}{phrases.stages(content)}"
    _print(f"{name}: response times at the market's own speed", *by_quantile(feed))
    _print("response time that one event in a thousand exceeds, at faster markets", *by_speed(feed))
    _print("time per event: in a replay, and in calls of its own", *by_call(feed))
    say("load", line(feed.latency))
    say("clock", clock(feed.latency))


def _show(content: Result, feed: FeedResult) -> None:
    from lobench.workbench.cli.outcome import say, say_all, say_details
    from lobench.workbench.results.refuted import refuted
    from lobench.workbench.summaries import phrases

    say_details(phrases.differences(feed.verification))
    show_latency(content, feed)
    wrong = refuted(feed)
    if wrong:
        say("verification", f"FAILED for {', '.join(wrong)}: listed without figures")
    else:
        say_all(phrases.verified(feed))
    say_all([*phrases.compared(content), *phrases.tuning(feed)])


def _print(title: str, headings: list[str], rows: list[list[str]]) -> None:
    from lobench.workbench.console import print_table, table_of

    print_table(table_of(headings, rows, title=title, words=(0,)))
