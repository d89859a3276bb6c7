"""Replay a feed with one variant: print its speed and results, and write features and books to files.

The clock starts when the first records arrive, with the kernels compiled. The time includes reading the feed and
writing the files (`lobench run` measures variants without them). An interrupted replay keeps the rows so far, beside a
complete file of that name if there is one.

The ending of a file selects its format: .parquet, .arrow (Arrow IPC) or .csv; - writes an Arrow IPC stream to standard
output. Rows are encoded on separate threads during the replay.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.feeds import Feed
    from lobench.engine.foreign.start import Contestant
    from lobench.workbench.replaying.outcome import ReplayOutcome
    from lobench.workbench.replaying.request import Request

HELP = "replay a feed with one variant; write features and books as Parquet, Arrow or CSV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser, required=True)
    parser.add_argument(
        "--variant",
        metavar="VARIANT",
        help="name, first letters, or combination (see `lobench variants`; default: the last of the ladder)",
    )
    options.add_variants_from(parser)
    options.add_tuning(parser)
    options.add_workers(parser)
    parser.add_argument("--features", metavar="F.parquet", help="write the features of each evaluation")
    options.add_columns(parser)
    options.add_depth(parser, "for --book")
    parser.add_argument("--book", metavar="B.parquet", help="write the best N levels after each evaluation")
    options.add_sample(parser)
    options.add_compression(parser, "default zstd for Parquet, none for Arrow")
    options.add_force(parser)
    options.add_evaluate(parser)
    options.add_until(parser)
    parser.add_argument("--strict", action="store_true", help="stop at the first anomaly (exit code 3)")
    parser.add_argument("--counters", action="store_true", help="also print mechanism counters (slower)")
    parser.add_argument(
        "--digests",
        action="store_true",
        help="also print a digest of all books, features and accounts at the end",
    )
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Replay, then print the results; if interrupted, only one line on stderr."""
    from lobench.engine.errors import UsageError
    from lobench.engine.feeds import open_feed
    from lobench.workbench.replaying.driving import replay_feed
    from lobench.workbench.replaying.request import STREAM, check_request
    from lobench.workbench.streams import complain
    from lobench.workbench.tuning.picking import pick

    request = request_of(arguments)
    check_request(request, arguments.feeds)
    streamed = STREAM in request.outputs.values()
    if streamed and arguments.json:
        raise UsageError("--json and rows cannot both go to standard output; name a file for the rows")
    feed = open_feed(options.feeds_of(arguments))
    variant = _variant(arguments)
    picked = pick(feed, arguments.tuning, [variant])
    outcome = replay_feed(feed, variant, request, picked, lambda feed: _progress(feed, variant.name))
    if outcome.signal:
        complain(outcome.interrupted())
        return 128 + outcome.signal
    if not streamed:
        _show(outcome, as_json=arguments.json)
    return 0


def request_of(arguments: argparse.Namespace) -> Request:
    """The request that the arguments make."""
    import shlex
    import sys

    from lobench.workbench.replaying.request import Request

    return Request(
        command=shlex.join(["lobench", *sys.argv[1:]]),
        workload=options.workload_of(arguments, arguments.variants_from),
        workers=options.one_of(arguments.workers),
        strict=arguments.strict,
        counters=arguments.counters,
        digests=arguments.digests,
        features=arguments.features,
        columns=arguments.columns,
        book=arguments.book,
        depth=arguments.depth,
        sample=arguments.sample,
        compression=arguments.compression,
        force=arguments.force,
    )


def _variant(arguments: argparse.Namespace) -> Contestant:
    from lobench.workbench.ladder import known_with
    from lobench.workbench.selection import named_or_last

    return named_or_last(arguments.variant, known_with(arguments.variants_from))


@contextmanager
def _progress(feed: Feed, label: str) -> Iterator[Callable[[int], object]]:
    from lobench.workbench.console import progress

    with progress(label, feed.expected, records=True) as ticker:
        done = 0

        def advance(records: int) -> None:
            nonlocal done
            done += records
            ticker.advance(records)
            if feed.expected is None and (fraction := getattr(feed, "progress", 0.0)):
                ticker.expect(done / fraction)

        yield advance


def _show(outcome: ReplayOutcome, *, as_json: bool) -> None:
    from lobench.workbench.console import print_json

    if as_json:
        print_json(outcome.as_json())
        return
    anomalies = [f"{name} {count:,}" for name, count in outcome.anomalies.items() if count]
    others = [f"{count:,} of rtype {rtype}" for rtype, count in outcome.other_records.items()]
    memory = outcome.memory
    lines = [
        ("feed", outcome.feed),
        ("variant", f"{outcome.variant}, workers {outcome.workers}, evaluate {outcome.evaluate}"),
        ("until", outcome.until),
        ("events", f"{outcome.events:,} in {outcome.seconds:.3f} s"),
        ("rate", f"{outcome.events_per_second:,.0f} events/s"),
        ("evaluations", f"{outcome.evaluations:,}"),
        ("books", f"{outcome.book_count:,}"),
        ("memory", f"{memory['bytes_per_live_order']:,.0f} bytes for each of {memory['orders']:,} live orders")
        if memory
        else ("memory", "unknown for an engine from outside"),
        ("anomalies", ", ".join(anomalies) or "none"),
    ]
    lines += [("other", ", ".join(others))] if others else []
    skipped = [f"{kind} {count:,}" for kind, count in outcome.skipped.items()]
    lines += [("skipped", ", ".join(skipped))] if skipped else []
    lines += [("tuning", outcome.tuning["profile"])] if outcome.tuning else []
    lines += [("digest", f"{value} {name}") for name, value in outcome.digests.items()]
    lines += [("wrote", f"{file.path}, {file.rows:,} rows") for file in outcome.files]
    for label, value in lines:
        print(f"{label:<12} {value}")
    for name, count in (outcome.result.counters or {}).items():
        print(f"{name:<24} {count:>20,} {count / max(outcome.result.events, 1):>14.3f} per event")
