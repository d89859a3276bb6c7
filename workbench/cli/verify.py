"""Check that all variants compute bit-identical results: the running trace of every evaluation, the state of every book
and account, answers about random books, against the reference.

Without a FEED a small set of feeds that together reach every rule is replayed, with one worker and with two. Of a given
feed it says which rules it does not reach. A variant that crashes, does not end or takes too much memory is named; all
others are verified.

With ``--against FILE`` the books of the last of the variants are compared with a vendor's instead: rows of mbp-10 or
mbp-1 (DBN, CSV, Parquet), or a LOBSTER order book file.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.feeds import Feed, LoadedFeed
    from lobench.engine.foreign.engine import ForeignEngine
    from lobench.engine.foreign.start import Contestant
    from lobench.workbench.tuning.picking import Picked
    from lobench.workbench.verification.compare import Verification
    from lobench.workbench.verification.variants import Settings

HELP = "check that variants compute bit-identical results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser)
    options.add_chosen(parser)
    options.add_tuning(parser)
    options.add_until(parser)
    options.add_workers(parser, "each variant with each number of 1,2; default 1, without a FEED 1,2")
    parser.add_argument(
        "--deep", action="store_true", help="also digests of every book at every 4,096th record (slow with many books)"
    )
    parser.add_argument("--oracle", action="store_true", help="also against the pure-Python oracle (15,000 events/s)")
    parser.add_argument(
        "--against", metavar="FILE", help="compare with a vendor's books: mbp-10, mbp-1 or a LOBSTER order book file"
    )
    options.add_time_limit(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError
    from lobench.engine.feeds import load, open_feed
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.selection import select
    from lobench.workbench.verification.coverage import DEFAULT_FEEDS, DEFAULT_WORKERS
    from lobench.workbench.verification.variants import Settings

    if arguments.against:
        return _against(arguments)
    if arguments.until == "decode":
        raise UsageError("--until decode computes nothing that could be verified: book, features or strategies")
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
    return _verified(pairs, picked, settings, arguments)


def _against(arguments: argparse.Namespace) -> int:
    """Compare the books of one variant with those in a file."""
    from lobench.engine.errors import UsageError
    from lobench.engine.feeds import open_feed
    from lobench.variants import compiled
    from lobench.workbench.against.proof import prove
    from lobench.workbench.against.reading import read_answer
    from lobench.workbench.against.shown import lines
    from lobench.workbench.console import print_json, progress
    from lobench.workbench.ladder import load_ladder
    from lobench.workbench.selection import select

    if not arguments.feeds:
        raise UsageError("--against compares the books of a feed: name a FEED")
    feed = open_feed(options.feeds_of(arguments))
    answer = read_answer(arguments.against)
    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    variant = compiled(select(arguments.variants, ladder)[-1]).fitted(None)
    with progress("comparing", feed.expected, records=True) as ticker:
        proof = prove(feed, answer, variant, ticker.advance)
    if arguments.json:
        print_json(proof.as_json())
    else:
        print(*lines(proof), sep="\n")
    return 0 if proof.agrees else 1


def _named(sources: Sequence[Feed], arguments: argparse.Namespace, variants: Sequence[Contestant]) -> Picked | None:
    """The tuning that the user names; a file that is none is refused before anything is read."""
    from lobench.workbench.tuning.picking import pick

    return pick(sources[0], arguments.tuning, variants) if arguments.tuning else None


def _picked(feed: LoadedFeed, variants: Sequence[Contestant]) -> Picked | None:
    from lobench.workbench.tuning.picking import pick

    return pick(feed, None, variants)


def _verified(
    pairs: Sequence[tuple[LoadedFeed, Sequence[Contestant]]],
    picked: Sequence[Picked | None],
    settings: Settings,
    arguments: argparse.Namespace,
) -> int:
    from lobench.engine.foreign.engine import ForeignEngine
    from lobench.workbench.console import print_json
    from lobench.workbench.verification.coverage import reached, unreached
    from lobench.workbench.verification.variants import verify_feeds

    found = verify_feeds(pairs, settings)
    engines = [variant for variant in pairs[0][1] if isinstance(variant, ForeignEngine)]
    agree = all(outcome.agrees for outcomes in found for outcome in outcomes)
    told = []
    missed: set[str] | None = None
    for (feed, _), tuning, outcomes in zip(pairs, picked, found, strict=True):
        counts = reached(feed, outcomes[0].result, settings.workload.evaluate)
        out = unreached(counts)
        missed = set(out) if missed is None else missed & set(out)
        told.append(
            {**as_json(feed.name, feed.digest, feed.count, outcomes), "tuning": tuning.as_json() if tuning else None}
        )
        told[-1] |= {"reached": counts, "not_reached": out}
        if not arguments.json:
            show(feed.name, outcomes)
    left = sorted(missed or ())
    if arguments.json:
        together = {"agree": agree, "not_reached": left, "feeds": told}
        said = told[0] if arguments.feeds else together
        print_json({**said, "engines": [engine.as_json() for engine in engines]} if engines else said)
    else:
        wrong = {outcome.name for outcomes in found for outcome in outcomes if not outcome.agrees}
        _show_engines(engines, wrong)
        _show_rules(left, [feed.name for feed, _ in pairs], len(told[0]["reached"]))
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

    from lobench.workbench.console import headline, stdout

    console = stdout()
    table = Table(title=headline(name, outcomes[0].result))
    shown = outcomes[0].digests()
    for heading in ("variant", "workers", *shown, "agrees"):
        table.add_column(heading)
    for outcome in outcomes:
        digests = outcome.digests()
        agrees = "yes" if outcome.compared is None else f"in {outcome.compared}"
        verdict = agrees if outcome.agrees else f"NO: {', '.join(outcome.kinds)}"
        table.add_row(outcome.name, str(outcome.workers), *(digests.get(name, "") for name in shown), verdict)
    console.print(table)
    for outcome in outcomes:
        if not outcome.agrees:
            console.print(f"\n{outcome.name} with {outcome.workers} workers:", markup=False, style="bold")
            for line in outcome.lines():
                console.print(line, markup=False, soft_wrap=True)


def _show_engines(engines: Sequence[ForeignEngine], wrong: Collection[str]) -> None:
    """What the engines are; ``wrong``: names of those that differ."""
    from lobench.workbench.console import stdout

    for engine in engines:
        lines = [f"{engine.name}: {engine.summary} (digest of its file {engine.digest})"]
        if engine.leaves_out and engine.name in wrong:
            # What it says that it leaves out is compared all the same: a feed may hold it.
            lines.append(f"{engine.name}: `lobench conform` says whether all that differs is what it leaves out")
        for line in lines:
            stdout().print(line, markup=False, soft_wrap=True)


def _show_rules(left: Sequence[str], feeds: Sequence[str], of: int) -> None:
    """Which rules nothing was said of."""
    from lobench.workbench.console import stdout
    from lobench.workbench.verification.coverage import RULES

    console = stdout()
    where = feeds[0] if len(feeds) == 1 else f"these {len(feeds)} feeds"
    if not left:
        console.print(f"\n{where}: all {of} rules are reached", markup=False, soft_wrap=True)
        return
    console.print(
        f"\n{where}: {len(left)} of {of} rules are not reached, and nothing is proven of them "
        "(`lobench verify` without a feed reaches all):",
        markup=False,
        soft_wrap=True,
    )
    console.print("  " + "; ".join(RULES[name] for name in left), markup=False, soft_wrap=True)
