"""Replay many feeds separately and write their features and levels as one dataset of Parquet files, on all cores or on
a Dask cluster (docs/cluster.md).

Each feed is one day. Rows go to DATASET/date=DAY/, in files that each hold a share of the day's instruments. A file
appears complete or not at all. Finished work is not repeated: after an interrupt, or once a bad file has been replaced,
run the same command again. A feed that cannot be read is reported, and the others continue (exit code 1, with a list at
the end).
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
    from lobench.workbench.batch.request import BatchRequest
    from lobench.workbench.batch.schedule import Schedule

HELP = "write features and levels of many days as one Parquet dataset, on all cores or a Dask cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "days",
        metavar="FEED",
        nargs="*",
        help="a feed to replay separately: as in other commands, or a glob ('days/*.dbn.zst', 's3://…/*.dbn')",
    )
    parser.add_argument(
        "--feeds-from",
        metavar="FILE",
        action="append",
        default=[],
        help="also the feeds in this list, one per line: files, and options such as --mapping=bitstamp (repeatable)",
    )
    options.add_settings(parser)
    options.add_output(parser, note="required")
    parser.add_argument(
        "--features",
        dest="with_features",
        action="store_true",
        help="write features (default unless --depth is given)",
    )
    options.add_columns(parser)
    options.add_depth(parser)
    options.add_sample(parser)
    options.add_compression(parser, "default zstd")
    options.add_evaluate(parser)
    parser.add_argument(
        "--partition-by",
        metavar="KEY",
        default="date",
        help="date, or symbol for a folder per symbol within each date, at most 100 (default date)",
    )
    parser.add_argument(
        "--files", type=int, metavar="N", help="files per day (default one per 16 instruments, at most 8)"
    )
    parser.add_argument(
        "--split-above",
        metavar="SIZE",
        type=units.size,
        default=32 * 2**30,
        help="split larger feeds into several tasks, each with some of the instruments (default 32G)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask cluster, such as tcp://host:8786, or a number of local processes (default one per "
        "core)",
    )
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        type=units.size,
        help="memory limit per local process, such as 4GB: one that exceeds it is ended, and its feed retried, then "
        "reported (default: equal shares of the available memory)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only list the tasks and estimate their time")
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.batch.driving import run_batch, scheduled
    from lobench.workbench.console import print_json
    from lobench.workbench.streams import complain

    feeds, request = asked(arguments)
    command = shlex.join(["lobench", *sys.argv[1:]])
    if arguments.dry_run:
        schedule = scheduled(feeds, request, arguments.output, command)
        if arguments.json:
            print_json(schedule.as_json())
        else:
            _show_schedule(schedule, arguments.scheduler)
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
    """The feeds, and the request for each. Raises UsageError."""
    from lobench.engine.errors import UsageError
    from lobench.workbench.batch.feeds import find_feeds
    from lobench.workbench.batch.request import BatchRequest
    from lobench.workbench.rows.chosen import chosen_features

    if arguments.output is None:
        raise UsageError("batch needs -o DATASET, the folder for the rows")
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


def _show_schedule(schedule: Schedule, scheduler: str | None) -> None:
    from lobench.workbench.batch.cluster import lanes
    from lobench.workbench.cli.outcome import say

    say("feeds", f"{schedule.feeds:,}; {schedule.done:,} tasks done, {len(schedule.tasks):,} left")
    for task in schedule.tasks:
        # The size of a missing or remote file is unknown, not 0.
        say("task", f"{task.name}, {f'{task.size / 2**20:,.1f} MiB' if task.size else 'of unknown size'}")
    say("to read", f"{schedule.bytes / 2**30:,.2f} GiB")
    source = "from finished tasks" if schedule.measured else "rough: no task has finished yet"
    processes = lanes(scheduler)
    here = f", {_time(schedule.seconds / processes)} on {processes} processes" if processes else ""
    say("estimate", f"{_time(schedule.seconds)} of one core{here} ({source})")


def _time(seconds: float) -> str:
    return (
        "less than 1 s"
        if seconds < 1
        else f"{seconds:,.0f} s"
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
    say("memory", f"{outcome.memory / 2**20:,.0f} MiB at most per process")
    for name, why in outcome.failed.items():
        say("failed", told(name, why))
