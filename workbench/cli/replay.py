"""Replay a feed with one variant: how fast it went and what came out; features and books go to Parquet files.

The clock runs from the arrival of the first records, with the kernels compiled; reading and output files are part of
the time (`lobench run` measures the variants without them). An interrupted replay keeps the rows it has, beside a
complete file of that name if there is one.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.feeds import Feed
    from lobench.engine.foreign.engine import ForeignEngine
    from lobench.engine.foreign.replay import ForeignReplay
    from lobench.engine.foreign.start import Contestant
    from lobench.engine.policy import Variant
    from lobench.engine.replay import Replay
    from lobench.workbench.rows.files import RowsFile

HELP = "replay a feed with one variant, with features and books as Parquet files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser, required=True)
    parser.add_argument(
        "--variant",
        metavar="VARIANT",
        help="its name or first letters, or a combination as `lobench variants` explains them (default: the ladder's "
        "last)",
    )
    options.add_variants_from(parser)
    options.add_tuning(parser)
    options.add_workers(parser)
    parser.add_argument("--features", metavar="F.parquet", help="write the features of each evaluation")
    parser.add_argument("--depth", type=int, metavar="N", help="levels of --book on each side")
    parser.add_argument("--book", metavar="B.parquet", help="write the best N levels after each evaluation")
    options.add_force(parser)
    options.add_evaluate(parser)
    options.add_until(parser)
    parser.add_argument("--strict", action="store_true", help="stop at the first anomaly (exit code 3)")
    parser.add_argument("--counters", action="store_true", help="count what the mechanisms do (slower)")
    parser.add_argument(
        "--digests",
        action="store_true",
        help="also a digest of all books, features and accounts as they are at the end",
    )
    # Digests cost much of a replay once; scripts may still ask for none.
    parser.add_argument("--no-digests", action="store_true", help=argparse.SUPPRESS)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Replay, then print what came out; nothing but one line on stderr if it is interrupted."""
    _check(arguments)
    from contextlib import ExitStack

    from lobench.engine.activity import activity
    from lobench.engine.feeds import open_feed
    from lobench.engine.foreign.engine import ForeignEngine
    from lobench.engine.replay import Replay, Rows
    from lobench.workbench.tuning.picking import pick

    workers = options.one_of(arguments.workers)
    feed = open_feed(options.feeds_of(arguments))
    variant = _variant(arguments)
    if isinstance(variant, ForeignEngine):
        return _by_engine(feed, variant, workers, arguments)
    picked = pick(feed, arguments.tuning, [variant])
    variant = variant.fitted(picked.parameters if picked else None)
    with ExitStack() as stack:
        files: list[RowsFile] = []
        if arguments.features or arguments.book:
            from lobench.workbench.rows.files import book_file, features_file
        if arguments.features:
            files.append(stack.enter_context(features_file(arguments.features, lambda: feed.symbols)))
        if arguments.book:
            files.append(stack.enter_context(book_file(arguments.book, arguments.depth, lambda: feed.symbols)))

        def write(rows: Rows) -> None:
            for file in files:
                file.write(rows)

        replay = stack.enter_context(
            Replay(
                variant,
                workers=workers,
                evaluate=arguments.evaluate,
                strict=arguments.strict,
                observe=bool(files),
                deep=False,
                counters=arguments.counters,
                depth=arguments.depth or 0,
                on_rows=write if files else None,
                until=arguments.until,
                activity=activity(feed) if workers > 1 else None,
            )
        )
        _prepare(variant, arguments)
        seconds, signal = _replay(feed, replay, variant.name)
        for file in files:
            file.finish(complete=not signal)
        if signal:
            _report_interrupt(signal, replay.records, files)
            return 128 + signal
        outcome = _outcome(arguments, feed, replay, workers, seconds)
    outcome["files"] = [{"path": file.path, "rows": file.rows} for file in files]
    outcome["tuning"] = picked.as_json() if picked else None
    _show(outcome, as_json=arguments.json)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """What argparse does not know of its options."""
    from lobench.engine.errors import UsageError

    if (arguments.depth is None) != (arguments.book is None):
        raise UsageError("--depth N and --book B.parquet belong together")
    outputs = {f"--{name}": getattr(arguments, name) for name in ("features", "book") if getattr(arguments, name)}
    used = {_identity(feed) for feed in arguments.feeds}
    for option, path in outputs.items():
        if _identity(path) in used:
            raise UsageError(f"{option} {path}: would replace another file of this command")
        used.add(_identity(path))
    if outputs:
        from lobench.workbench.rows.files import check_place

        for option, path in outputs.items():
            check_place(option, path, force=arguments.force)


def _identity(path: str) -> object:
    """The same for all names of a file."""
    import os

    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def _variant(arguments: argparse.Namespace) -> Contestant:
    from lobench.variants import resolve
    from lobench.workbench.selection import known_with

    known = known_with(arguments.variants_from)
    if arguments.variant:
        return resolve(arguments.variant, known)
    return max(known.values(), key=lambda variant: -1 if variant.phase is None else variant.phase)


def _by_engine(feed: Feed, engine: ForeignEngine, workers: int, arguments: argparse.Namespace) -> int:
    """Replay with an engine from outside, as far as it goes."""
    from lobench.engine.errors import UsageError
    from lobench.engine.foreign.replay import ForeignReplay
    from lobench.engine.foreign.start import warm

    for name in ("features", "book", "strict", "counters"):
        if getattr(arguments, name):
            raise UsageError(f"--{name} is for lobench's own variants; {engine.name} is an engine from outside")
    scope = engine.scope(arguments.until)
    arguments.until = scope.until
    warm(engine, scope.until)
    with ForeignReplay(
        engine, workers=workers, evaluate=arguments.evaluate, until=scope.until, books=scope.books
    ) as replay:
        seconds, signal = _replay(feed, replay, engine.name)
        if signal:
            _report_interrupt(signal, replay.records, [])
            return 128 + signal
        outcome = _outcome(arguments, feed, replay, workers, seconds)
    _show({**outcome, "files": [], "tuning": None}, as_json=arguments.json)
    return 0


def _prepare(variant: Variant, arguments: argparse.Namespace) -> None:
    """Compile the kernels, or load them."""
    from lobench.engine.replay import warm
    from lobench.workbench.precompile import warm_all

    observe = bool(arguments.features or arguments.book)
    if not (observe and arguments.counters):
        build = "counted" if arguments.counters else "observed" if observe else "timed"
        warm_all([variant], [build], arguments.variants_from, until=arguments.until)
    warm(variant, observe=observe, counters=arguments.counters, until=arguments.until)


def _replay(feed: Feed, replay: Replay | ForeignReplay, label: str) -> tuple[float, int]:
    """Replay to the end or to an interrupt; returns the seconds and the number of the signal, 0 for none."""
    from time import perf_counter

    from lobench.workbench.console import progress
    from lobench.workbench.processes.interrupts import noted

    chunks = iter(feed)
    chunk = next(chunks, None)  # a synthetic feed may have to compile for its first records
    started = perf_counter()
    with progress(label, feed.expected, records=True) as ticker, noted() as interrupt:
        while chunk is not None and not interrupt.number:
            replay.apply(chunk)
            ticker.advance(chunk.count)
            if feed.expected is None and (fraction := getattr(feed, "progress", 0.0)):
                ticker.expect(replay.records / fraction)
            chunk = next(chunks, None)
    # An interrupt that came with the last records changes nothing.
    return perf_counter() - started, interrupt.number if chunk is not None else 0


def _report_interrupt(signal: int, records: int, files: list[RowsFile]) -> None:
    from lobench.workbench.processes.interrupts import WORDS
    from lobench.workbench.streams import complain

    kept = [f"{file.path} keeps {file.rows:,} rows" for file in files]
    complain("; ".join([f"{WORDS[signal]} after {records:,} events", *kept]))


def _outcome(
    arguments: argparse.Namespace, feed: Feed, replay: Replay | ForeignReplay, workers: int, seconds: float
) -> dict[str, Any]:
    memory = replay.memory()
    trace = None if arguments.until == "decode" else replay.trace
    digests = {} if trace is None else {"trace": f"{trace:016x}"}
    if arguments.digests:
        digests["state"] = f"{replay.end_state():016x}"
    result = replay.finish()
    outcome = {
        "feed": feed.name,
        "variant": replay.variant.name,
        "workers": workers,
        "evaluate": arguments.evaluate,
        "until": arguments.until,
        **result.as_json(),
        "events": replay.records,
        "books": len(replay.books()),
        "digests": digests,
        "seconds": seconds,
        "events_per_second": replay.records / seconds if seconds else 0.0,
        "other_records": feed.other_records,
        "skipped": getattr(feed, "skipped", {}),
        "memory": memory,
    }
    if result.counters is not None:
        events = max(result.events, 1)
        outcome["counters"] = result.counters
        outcome["counters_per_event"] = {name: count / events for name, count in result.counters.items()}
    return outcome


def _show(outcome: dict[str, Any], *, as_json: bool) -> None:
    from lobench.workbench.console import print_json

    if as_json:
        print_json(outcome)
        return
    anomalies = [f"{name} {count:,}" for name, count in outcome["anomalies"].items() if count]
    others = [f"{count:,} of rtype {rtype}" for rtype, count in outcome["other_records"].items()]
    memory = outcome["memory"]
    lines = [
        ("feed", outcome["feed"]),
        ("variant", f"{outcome['variant']}, workers {outcome['workers']}, evaluate {outcome['evaluate']}"),
        ("until", outcome["until"]),
        ("events", f"{outcome['events']:,} in {outcome['seconds']:.3f} s"),
        ("rate", f"{outcome['events_per_second']:,.0f} events/s"),
        ("evaluations", f"{outcome['evaluations']:,}"),
        ("books", f"{outcome['books']:,}"),
        ("memory", f"{memory['bytes_per_live_order']:,.0f} bytes for each of {memory['orders']:,} live orders")
        if memory
        else ("memory", "not known of an engine from outside"),
        ("anomalies", ", ".join(anomalies) or "none"),
    ]
    lines += [("other", ", ".join(others))] if others else []
    skipped = [f"{kind} {count:,}" for kind, count in outcome["skipped"].items()]
    lines += [("skipped", ", ".join(skipped))] if skipped else []
    lines += [("tuning", outcome["tuning"]["profile"])] if outcome["tuning"] else []
    lines += [("digest", f"{value} {name}") for name, value in outcome["digests"].items()]
    lines += [("wrote", f"{file['path']}, {file['rows']:,} rows") for file in outcome["files"]]
    for label, value in lines:
        print(f"{label:<12} {value}")
    for name, count in outcome.get("counters", {}).items():
        print(f"{name:<24} {count:>20,} {outcome['counters_per_event'][name]:>14.3f} per event")
