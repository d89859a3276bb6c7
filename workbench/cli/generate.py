"""Write a synthetic feed to a DBN file for any DBN reader; the same name, n, seed and rate give the same bytes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.synthetic.every_rule import EveryRuleFeed
    from lobench.engine.synthetic.feed import SyntheticFeed

HELP = "write a synthetic feed to a DBN file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="feed name (see --list); settings may follow, as in NAME,seed=7"
    )
    parser.add_argument("-n", metavar="N", help="number of records, such as 200000, 5e6 or 5M")
    parser.add_argument("--seed", metavar="S", help="random seed (default 1)")
    parser.add_argument(
        "--anomalies", metavar="RATE", help="probability that a group breaks the rules, 0 to 1 (default 0)"
    )
    options.add_output_file(parser, ".dbn or .dbn.zst")
    options.add_force(parser)
    options.add_list(parser, "all feeds")
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Generate one file, or list all feeds."""
    return _list(arguments) if arguments.list else _generate(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from lobench.engine.synthetic import names
    from lobench.workbench.console import print_json

    if arguments.json:
        print_json({"feeds": [{"name": name, "about": about} for name, about in names()]})
        return 0
    width = max(len(name) for name, _ in names())
    for name, about in names():
        print(f"{name:<{width}}  {about}")
    return 0


def _generate(arguments: argparse.Namespace) -> int:
    from pathlib import Path
    from time import perf_counter

    from lobench.workbench.console import print_json, progress

    feed = checked(arguments)
    started = perf_counter()
    with progress(feed.model.name, feed.n, records=True) as ticker:
        perform(feed, arguments, ticker.advance)
    seconds = perf_counter() - started
    path = arguments.output_file
    size = Path(path).stat().st_size
    if arguments.json:
        print_json({"feed": feed.name, "file": path, "records": feed.n, "bytes": size, "seconds": seconds})
    else:
        print(f"{path}: {feed.n:,} records of {feed.name}, {size:,} bytes, {seconds:.1f} s")
    return 0


def checked(arguments: argparse.Namespace) -> SyntheticFeed | EveryRuleFeed:
    """The requested feed. Raises UsageError before any work if it cannot be generated as asked."""
    from lobench.engine.errors import UsageError
    from lobench.engine.synthetic import open_synthetic

    if not arguments.name or not arguments.output_file:
        raise UsageError("generate needs a NAME and -o FILE; --list shows the names")
    settings = {"n": arguments.n, "seed": arguments.seed, "anomalies": arguments.anomalies}
    given = [f"{key}={value}" for key, value in settings.items() if value is not None]
    feed = open_synthetic(",".join(["synth:" + arguments.name.removeprefix("synth:"), *given]))
    _check_place(arguments.output_file, force=arguments.force)
    return feed


def perform(
    feed: SyntheticFeed | EveryRuleFeed, arguments: argparse.Namespace, advance: Callable[[int], object]
) -> None:
    """Write the feed; ``advance`` is called with the number of records written since its last call."""
    from lobench.engine.synthetic import generate

    done = 0

    def tick(records: int) -> None:
        nonlocal done
        advance(records - done)
        done = records

    generate(feed, arguments.output_file, tick)


def _check_place(path: str, *, force: bool) -> None:
    """Raise UsageError for a file that must stay: a feed that was not generated, or without ``force`` any other."""
    from contextlib import suppress
    from pathlib import Path

    from lobench.engine.errors import FeedError, UsageError
    from lobench.engine.feeds.kinds import holds_records
    from lobench.engine.feeds.opening import open_file
    from lobench.engine.synthetic.files import check_name, is_generated

    place = Path(path)
    check_name(place)
    with suppress(OSError):  # a bad name is reported when the file is created
        if holds_records(place):
            with suppress(FeedError):
                metadata = getattr(open_file(path), "metadata", None)
                if metadata is not None and is_generated(metadata):
                    return
            raise UsageError(f"{path}: is market data that was not generated, which is never replaced")
        if place.is_file() and not force:
            raise UsageError(f"{path}: already exists and was not generated; --force replaces it")
