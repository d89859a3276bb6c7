"""Summarize a feed: records by action and instrument, times, levels, anomalies, symbols, and activity over time."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lobench.workbench.inspecting import Activity, InspectedBook, Inspection, Span

HELP = "summarize a feed: records, times, books, anomalies, activity"

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = ".:-=+*#@"
"""For a terminal without block characters."""
_BOOKS = 12
"""Books in the table."""
_NAMES = 8
_WIDTH = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser, required=True)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.feeds import open_feed
    from lobench.workbench.console import print_json, progress
    from lobench.workbench.inspecting import inspect_feed, prepare

    feed = open_feed(options.feeds_of(arguments))
    prepare()
    with progress(f"reading {feed.name}", feed.expected, records=True) as ticker:
        found = inspect_feed(feed, ticker.advance)
    if arguments.json:
        print_json(found.as_json())
    else:
        _show(found)
    return 0


def _show(found: Inspection) -> None:
    from lobench.workbench.cli.outcome import say

    say("feed", found.feed)
    say("records", f"{found.records:,}: {_counts(found.actions)}")
    say("events", f"{found.events:,}; {found.snapshot_records:,} records of snapshots")
    for name, span in (("ts_event", found.ts_event), ("ts_recv", found.ts_recv)):
        say(name, _span(span))
    names = sorted(set(found.symbols.values()))
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    say("symbols", f"{', '.join(names[:_NAMES])}{more}" or "none known")
    say("anomalies", _counts(found.anomalies) or "none")
    if found.other_records:
        say("other", _counts({f"rtype {kind}": count for kind, count in found.other_records.items()}))
    if found.skipped:
        say("skipped", _counts(found.skipped))
    activity = found.activity(_WIDTH)
    if activity is not None:
        _show_activity(activity)
    _show_books(found.books)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def _span(span: Span) -> str:
    if span.first is None or span.last is None:
        return "none recorded"
    text = f"{_time(span.first)} to {_time(span.last)}"
    missing = f"; {span.missing:,} records without" if span.missing else ""
    back = f"; {span.backward:,} times earlier than in the record before" if span.backward else ""
    return text + missing + back


def _time(nanoseconds: int) -> str:
    from datetime import UTC, datetime, timedelta

    seconds, rest = divmod(nanoseconds, 10**9)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest:09d}"


def _show_activity(activity: Activity) -> None:
    from lobench.workbench.cli.outcome import say
    from lobench.workbench.console import stdout

    blocks = _blocks(stdout().encoding)
    most = max(activity.counts)
    line = "".join(
        " " if not count else blocks[min(len(blocks) - 1, count * len(blocks) // (most + 1))]
        for count in activity.counts
    )
    say("activity", f"{line}  most {most:,} records in {activity.step / 1e9:g} s")


def _blocks(encoding: str) -> str:
    try:
        _BLOCKS.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN
    return _BLOCKS


def _show_books(books: Sequence[InspectedBook]) -> None:
    from rich.table import Table

    from lobench.workbench.console import print_table

    letters = sorted({letter for book in books for letter in book.actions})
    shown = f"the {_BOOKS} busiest of {len(books):,} books" if len(books) > _BOOKS else f"{len(books):,} books"
    table = Table(title=f"{shown}, at the end")
    table.add_column("symbol")
    for heading in ("instrument", "publisher", "records", *letters, "orders", "levels", "best bid", "best ask"):
        table.add_column(heading, justify="right")
    for book in books[:_BOOKS]:
        table.add_row(
            book.symbol or "",
            str(book.instrument_id),
            str(book.publisher_id),
            f"{book.records:,}",
            *(f"{book.actions.get(letter, 0):,}" for letter in letters),
            f"{book.orders:,}",
            f"{book.bid_levels:,} / {book.ask_levels:,}",
            *("" if price is None else f"{price / 1e9:.10g}" for price in (book.best_bid, book.best_ask)),
        )
    print_table(table)
