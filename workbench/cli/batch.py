"""Replay many feeds, each by itself, and write what they evaluate as one dataset of Parquet files, on all cores or on a
Dask cluster (docs/cluster.md).

Every feed is a day of its own. Rows go to DATASET/date=DAY/, to files that each hold a share of the day's instruments.
A file appears whole or not at all. What is done is not done again: after an interrupt, or once a bad file has been
replaced, the same command goes on. A feed that cannot be read is told of, and the others go on (exit code 1, with a
list at the end).
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from lobench.workbench.cli import options, units

if TYPE_CHECKING:
    from lobench.workbench.batch.driving import BatchOutcome
    from lobench.workbench.batch.feeds import BatchFeed
    from lobench.workbench.batch.plan import Plan
    from lobench.workbench.batch.request import BatchRequest

HELP = "write features and levels of many days as one Parquet dataset, on all cores or a Dask cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "days",
        metavar="FEED",
        nargs="*",
        help="a feed that is replayed by itself: as in other commands, or a glob ('days/*.dbn.zst', 's3://…/*.dbn')",
    )
    parser.add_argument(
        "--feeds-from",
        metavar="FILE",
        action="append",
        default=[],
        help="also the feeds of this list, one a line: its files, and options of its own like --mapping=bitstamp "
        "(repeatable)",
    )
    options.add_settings(parser)
    options.add_output(parser, note="must be given")
    parser.add_argument(
        "--features",
        dest="with_features",
        action="store_true",
        help="write features (default, unless --depth is given)",
    )
    options.add_columns(parser)
    options.add_depth(parser)
    options.add_sample(parser)
    options.add_compression(parser, "default zstd")
    options.add_evaluate(parser)
    parser.add_argument(
        "--partition-by",
        metavar="WHAT",
        default="date",
        help="date, or symbol for a folder of each symbol in that of its date, at most 100 (default date)",
    )
    parser.add_argument(
        "--files", type=int, metavar="N", help="files of a day (default one for 16 instruments, at most 8)"
    )
    parser.add_argument(
        "--split-above",
        metavar="SIZE",
        type=units.size,
        default=32 * 2**30,
        help="feeds of more bytes become several tasks, each with some of the instruments (default 32G)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster, like tcp://host:8786, or a number of processes on this machine (default one a core)",
    )
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        type=units.size,
        help="that each process on this machine may take, like 4GB: one that takes more is ended, its feed tried again "
        "and then told of (default what there is, in equal parts)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say which tasks there are, and what they may take")
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.batch.driving import planned, run_batch
    from lobench.workbench.console import print_json
    from lobench.workbench.streams import complain

    feeds, request = asked(arguments)
    command = shlex.join(["lobench", *sys.argv[1:]])
    if arguments.dry_run:
        plan = planned(feeds, request, arguments.output, command)
        if arguments.json:
            print_json(plan.as_json())
        else:
            _show_plan(plan, arguments.scheduler)
        return 0
    outcome = run_batch(
        feeds,
        request,
        arguments.output,
        command=command,
        scheduler=arguments.scheduler,
        memory=arguments.memory,
        say=complain,
    )
    if arguments.json:
        print_json(outcome.as_json())
    else:
        _show(outcome)
    return 0 if outcome.complete else 1


def asked(arguments: argparse.Namespace) -> tuple[list[BatchFeed], BatchRequest]:
    """The feeds, and what is wanted of each. Raises UsageError."""
    from lobench.engine.errors import UsageError
    from lobench.workbench.batch.feeds import find_feeds
    from lobench.workbench.batch.request import BatchRequest
    from lobench.workbench.rows.chosen import chosen_features

    if arguments.output is None:
        raise UsageError("-o DATASET says which folder the rows go to")
    levels_alone = arguments.depth is not None and not arguments.with_features and arguments.columns is None
    request = BatchRequest(
        features=() if levels_alone else tuple(chosen_features(arguments.columns)),
        depth=arguments.depth or 0,
        sample=arguments.sample.text if arguments.sample else None,
        evaluate=arguments.evaluate,
        compression=arguments.compression or "zstd",
        partition_by=arguments.partition_by,
        files=arguments.files,
        split=arguments.split_above,
    )
    return find_feeds(arguments.days, arguments.feeds_from, options.settings_of(arguments)), request


def _show_plan(plan: Plan, scheduler: str | None) -> None:
    from lobench.workbench.batch.cluster import lanes
    from lobench.workbench.cli.outcome import say

    say("feeds", f"{plan.feeds:,}; {plan.done:,} tasks are done, {len(plan.tasks):,} are left")
    for task in plan.tasks:
        say("task", f"{task.name}, {task.size / 2**20:,.1f} MiB")
    say("to read", f"{plan.bytes / 2**30:,.2f} GiB")
    source = "from the tasks that are done" if plan.measured else "a rough guess: none is done yet"
    processes = lanes(scheduler)
    here = f", {_time(plan.seconds / processes)} on {processes} processes" if processes else ""
    say("estimate", f"{_time(plan.seconds)} of one core{here} ({source})")


def _time(seconds: float) -> str:
    return (
        f"{seconds:,.0f} s"
        if seconds < 120
        else f"{seconds / 60:,.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:,.1f} h"
    )


def _show(outcome: BatchOutcome) -> None:
    from lobench.workbench.batch.driving import told
    from lobench.workbench.cli.outcome import say

    done = len(outcome.outcomes) - len(outcome.failed)
    say("dataset", outcome.dataset)
    say("tasks", f"{done:,} done, {outcome.done_before:,} done before, {len(outcome.failed):,} failed")
    say("events", f"{outcome.events:,} in {outcome.seconds:,.1f} s")
    say("rows", f"{outcome.rows:,} in {sum(len(one.files) for one in outcome.outcomes.values()):,} files")
    say("anomalies", ", ".join(f"{kind} {count:,}" for kind, count in outcome.anomalies.items() if count) or "none")
    say("memory", f"{outcome.memory / 2**20:,.0f} MiB at most in one process")
    for name, why in outcome.failed.items():
        say("failed", told(name, why))
