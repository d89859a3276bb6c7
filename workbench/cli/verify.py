"""Check that all variants compute bit-identical results on a feed: digests of every book, feature and strategy
against the reference."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.options import add_feeds, add_json, add_tuned, add_until, add_variants

if TYPE_CHECKING:
    from workbench.verify import Verification

HELP = "check that variants compute bit-identical results on a feed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_feeds(parser, required=True)
    add_variants(parser)
    add_tuned(parser, "--profile")
    add_until(parser, "book", "features", "strategies")
    parser.add_argument(
        "--workers", metavar="N[,N…]", default="1", help="numbers of threads to verify each variant with (default 1)"
    )
    parser.add_argument(
        "--deep", action="store_true", help="also digests of every book at every 4,096th record (slow with many books)"
    )
    parser.add_argument("--oracle", action="store_true", help="also against the pure-Python oracle (15,000 events/s)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from engine.feeds import load, open_feed
    from workbench.console import print_json
    from workbench.selection import select, worker_counts
    from workbench.tuning.picking import pick
    from workbench.verification import verify_all

    variants = select(arguments.variants, arguments.variants_from)
    counts = worker_counts(arguments.workers)
    source = open_feed(arguments.feeds)
    # A file that is named is refused before anything is read.
    named = pick(source, arguments.tuned, variants) if arguments.tuned else None
    feed = load(source)
    picked = named if arguments.tuned else pick(feed, None, variants)
    variants = [variant.fitted(picked.parameters if picked else None) for variant in variants]
    outcomes = verify_all(
        feed,
        variants,
        counts,
        evaluate=arguments.evaluate,
        oracle=arguments.oracle,
        deep=arguments.deep,
        files=arguments.variants_from,
        until=arguments.until,
    )
    agree = all(outcome.agrees for outcome in outcomes)
    if arguments.json:
        tuning = picked.as_json() if picked else None
        print_json({**as_json(feed.name, feed.digest, feed.count, outcomes), "tuning": tuning})
    else:
        show(feed.name, outcomes)
    return 0 if agree else 1


def as_json(name: str, digest: str, events: int, outcomes: list[Verification]) -> dict[str, Any]:
    """The verification as one JSON object."""
    return {
        "feed": name,
        "feed_digest": digest,
        "events": events,
        "agree": all(outcome.agrees for outcome in outcomes),
        "verifications": [outcome.as_json() for outcome in outcomes],
    }


def show(name: str, outcomes: list[Verification]) -> None:
    """Print the verification for a person, each difference with the books around it."""
    from rich.table import Table

    from workbench.console import headline, stdout

    console = stdout()
    table = Table(title=headline(name, outcomes[0].result))
    shown = outcomes[0].proof.as_json()
    for heading in ("variant", "workers", *shown, "agrees"):
        table.add_column(heading)
    for outcome in outcomes:
        digests = outcome.proof.as_json()
        verdict = "yes" if outcome.agrees else f"NO: {', '.join(outcome.kinds)}"
        table.add_row(outcome.name, str(outcome.workers), *(digests.get(name, "") for name in shown), verdict)
    console.print(table)
    for outcome in outcomes:
        if not outcome.agrees:
            console.print(f"\n{outcome.name} with {outcome.workers} workers:", style="bold")
            if outcome.difference is None:
                console.print("differs, but not again when replayed: its results change from run to run")
            else:
                for line in outcome.difference.lines():
                    console.print(line, markup=False, soft_wrap=True)
