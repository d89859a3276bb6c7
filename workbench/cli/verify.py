"""Verify that all variants compute bit-identical results: the running trace of every evaluation, the state of every
book and account, and answers about random books are compared with the reference.

Without a FEED, a small set of feeds that together reach every rule is replayed with one worker and with two. For a
given feed, the rules that it does not reach are listed. A variant that crashes, hangs or takes too much memory is
reported; the others are verified.

With --against FILE, the books of the last variant are compared with a vendor's instead: rows of mbp-10 or mbp-1 (DBN,
CSV, Parquet), or a LOBSTER order book file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.feeds import Feed, LoadedFeed
    from lobench.engine.foreign.start import Contestant
    from lobench.workbench.against.proof import Proof
    from lobench.workbench.tuning.picking import Picked
    from lobench.workbench.verification.told import Verified

HELP = "verify that variants compute bit-identical results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser)
    options.add_chosen(parser)
    options.add_tuning(parser)
    options.add_until(parser)
    options.add_workers(parser, "1,2 verifies with one and with two; default 1, without a FEED 1,2")
    parser.add_argument(
        "--deep",
        action="store_true",
        help="also compare every book, order by order, after every 4,096th record (slow with many books)",
    )
    parser.add_argument(
        "--oracle", action="store_true", help="also compare with the pure-Python oracle (15,000 events/s)"
    )
    parser.add_argument(
        "--against", metavar="FILE", help="compare with a vendor's books: mbp-10, mbp-1 or a LOBSTER order book file"
    )
    options.add_time_limit(parser)
    options.add_outlets(parser, junit=True)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.console import print_json
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.verify import summary

    outlets.check(arguments)
    if arguments.against:
        return _against(arguments)
    found = verified(arguments)
    if arguments.json:
        print_json(found.as_json())
    outlets.deliver(summary(found, outlets.command()), arguments)
    return 0 if found.agree else 1


def verified(arguments: argparse.Namespace) -> Verified:
    """Verify as asked."""
    from lobench.engine.errors import UsageError
    from lobench.engine.feeds import load, open_feed
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.selection import select
    from lobench.workbench.verification.coverage import DEFAULT_FEEDS, DEFAULT_WORKERS
    from lobench.workbench.verification.told import Verified
    from lobench.workbench.verification.variants import Settings

    if arguments.until == "decode":
        raise UsageError("--until decode computes nothing to verify; choose book, features or strategies")
    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    variants = select(arguments.variants, ladder)
    default = (1,) if arguments.feeds else DEFAULT_WORKERS
    settings = Settings(
        options.workload_of(arguments, ladder.files),
        workers=arguments.workers or default,
        oracle=arguments.oracle,
        deep=arguments.deep,
        seconds=arguments.time_limit,
    )
    words = options.feeds_of(arguments)
    sources = [open_feed(specs) for specs in ([words] if arguments.feeds else [[spec] for spec in DEFAULT_FEEDS])]
    named = _named(sources, arguments, variants)
    pairs: list[tuple[LoadedFeed, Sequence[Contestant]]] = []
    picked = []
    for source in sources:
        feed = load(source)
        tuning = named if arguments.tuning else _picked(feed, variants)
        picked.append(tuning)
        pairs.append((feed, [variant.fitted(tuning.parameters if tuning else None) for variant in variants]))
    return Verified.of(pairs, picked, settings, together=not arguments.feeds)


def _against(arguments: argparse.Namespace) -> int:
    """Compare the books of one variant with those in a file."""
    from lobench.workbench.console import print_json
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.verify import against

    proof = proven(arguments)
    if arguments.json:
        print_json(proof.as_json())
    outlets.deliver(against(proof, outlets.command()), arguments)
    return 0 if proof.agrees else 1


def proven(arguments: argparse.Namespace) -> Proof:
    """Compare the books of a feed with a vendor's as asked."""
    from lobench.engine.errors import UsageError
    from lobench.engine.feeds import open_feed
    from lobench.variants import compiled
    from lobench.workbench.against.proof import prove
    from lobench.workbench.against.reading import read_answer
    from lobench.workbench.console import progress
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.selection import select

    if not arguments.feeds:
        raise UsageError("--against compares the books of a feed; name a FEED")
    feed = open_feed(options.feeds_of(arguments))
    answer = read_answer(arguments.against)
    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    variant = compiled(select(arguments.variants, ladder)[-1]).fitted(None)
    with progress("comparing", feed.expected, records=True) as ticker:
        return prove(feed, answer, variant, ticker.advance)


def _named(sources: Sequence[Feed], arguments: argparse.Namespace, variants: Sequence[Contestant]) -> Picked | None:
    """The tuning named by the user; a file that holds none is refused before any feed is read."""
    from lobench.workbench.tuning.picking import pick

    return pick(sources[0], arguments.tuning, variants) if arguments.tuning else None


def _picked(feed: LoadedFeed, variants: Sequence[Contestant]) -> Picked | None:
    from lobench.workbench.tuning.picking import pick

    return pick(feed, None, variants)
