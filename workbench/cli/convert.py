"""Convert a feed to another file format: its records, or its book data in one of the vendor's schemas.

The ending of OUT selects the format: .dbn, .dbn.zst, .csv, .csv.zst, .csv.gz or .parquet. docs/feeds.md explains which
records produce a row of each schema.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.feeds import Feed

HELP = "convert a feed to DBN, CSV or Parquet, as mbo, mbp-10, mbp-1, bbo or trades"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser, required=True)
    parser.add_argument("out", metavar="OUT", help="output file; its ending selects the format")
    parser.add_argument(
        "--schema",
        metavar="SCHEMA",
        default="mbo",
        help="mbo, mbp-10, mbp-1, bbo (bbo-1s), bbo-1m or trades (default mbo)",
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="write times and prices in CSV and Parquet as integers instead of dates and decimals",
    )
    parser.add_argument(
        "--events", action="store_true", help="write rows of mbp-10 and mbp-1 for whole events, as CME does"
    )
    options.add_force(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from time import perf_counter

    from lobench.engine.feeds import open_feed
    from lobench.workbench.cli.outcome import say
    from lobench.workbench.console import print_json, progress

    feed = open_feed(checked(arguments))
    started = perf_counter()
    with progress(f"converting {feed.name}", feed.expected, records=True) as ticker:
        rows = perform(feed, arguments, ticker.advance)
    seconds = perf_counter() - started
    schema = arguments.schema
    if arguments.json:
        outcome = {"feed": feed.name, "file": arguments.out, "schema": schema, "rows": rows, "seconds": seconds}
        print_json(outcome | {"other_records": feed.other_records, "skipped": getattr(feed, "skipped", {})})
        return 0
    say("feed", feed.name)
    say("wrote", f"{arguments.out}, {rows:,} rows of {schema} in {seconds:.3f} s")
    return 0


def checked(arguments: argparse.Namespace) -> list[str]:
    """The words of the feed. Raises UsageError before any work if it cannot be converted as asked."""
    from lobench.engine.errors import UsageError
    from lobench.workbench.converting.schemas import schema_of

    arguments.schema = schema_of(arguments.schema).name
    if arguments.events and arguments.schema not in ("mbp-10", "mbp-1"):
        raise UsageError(f"--events applies to mbp-10 and mbp-1; the schema is {arguments.schema}")
    _check_place(arguments)
    return options.feeds_of(arguments)


def perform(feed: Feed, arguments: argparse.Namespace, advance: Callable[[int], object]) -> int:
    """Convert; returns the number of rows."""
    from lobench.workbench.converting.convert import convert
    from lobench.workbench.converting.schemas import schema_of

    schema = schema_of(arguments.schema)
    return convert(feed, arguments.out, schema, raw=arguments.raw, events=arguments.events, advance=advance)


def _check_place(arguments: argparse.Namespace) -> None:
    """Raise UsageError for an existing file, unless it may be replaced."""
    import os

    from lobench.engine.errors import UsageError
    from lobench.workbench.converting.files import check_ending

    out = arguments.out
    check_ending(out)
    if os.path.exists(out):
        if any(os.path.exists(feed) and os.path.samefile(feed, out) for feed in arguments.feeds):
            raise UsageError(f"{out}: is the feed itself")
        if not os.path.isfile(out):
            raise UsageError(f"{out}: cannot be written: is not a regular file")
        if not arguments.force:
            raise UsageError(f"{out}: already exists; --force replaces it")
