"""Verify all variants on a feed, measure them side by side, print the ladder, and keep everything in out/<time>/result.json.

A variant that does not compute what the reference computes is reported and not measured.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING, Any

from workbench.cli.options import add_feeds, add_json, add_variants_from

if TYPE_CHECKING:
    from engine.feeds import LoadedFeed
    from engine.policy import Variant
    from workbench.ladder import Rung
    from workbench.measure import Session
    from workbench.results import ResultFolder
    from workbench.verify import Verification

HELP = "verify and measure all variants on a feed: the main job"

DEFAULT_FEED = "synth:liquid-future"
QUICK_FEED = "synth:liquid-future,n=200000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_feeds(parser, required=False)
    parser.add_argument(
        "--variants",
        metavar="LIST",
        default="ladder",
        help="ladder (default: every discovered variant), factorial (the 16 combinations), or names separated by spaces",
    )
    add_variants_from(parser)
    parser.add_argument("--evaluate", choices=("last", "every"), default="last", help="which records are evaluated")
    parser.add_argument("--quick", action="store_true", help="a shorter feed and a rougher measurement, under a minute")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="time for measuring (default 60, quick 8)")
    parser.add_argument("--processes", type=int, metavar="N", help="fresh processes to measure in (default 3, quick 2)")
    parser.add_argument("-o", "--output", metavar="DIR", default="out", help="where results are kept (default out)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from engine.errors import UsageError
    from engine.feeds import load, open_feed
    from variants import REFERENCE, discover
    from workbench.console import print_json, stderr
    from workbench.measure import Design, Session, measure
    from workbench.results import ResultFolder
    from workbench.selection import select
    from workbench.verification import verify_all
    from workbench.warming import warm_all

    quick = arguments.quick
    processes = arguments.processes or (2 if quick else 3)
    budget = arguments.budget or (8.0 if quick else 60.0)
    if processes < 1 or budget <= 0:
        raise UsageError("--processes and --budget must be positive")
    specs = arguments.feeds or [QUICK_FEED if quick else DEFAULT_FEED]
    files = arguments.variants_from
    chosen = select(arguments.variants, files)
    if all(variant.name != REFERENCE for variant in chosen):
        chosen = [discover()[REFERENCE], *chosen]
    source = open_feed(specs)
    folder = ResultFolder(arguments.output)
    console = stderr()
    feed = load(source)
    warm_all(chosen, builds=("observed", "timed"), files=files)
    outcomes = verify_all(feed, chosen, (1, 2), evaluate=arguments.evaluate, files=files)
    refuted = {outcome.name for outcome in outcomes if not outcome.agrees}
    measured = [variant for variant in chosen if variant.name not in refuted]
    design = Design(processes=processes, seconds=budget / processes)
    base = _document(arguments, specs, feed, chosen, outcomes)

    def keep(session: Session) -> None:
        folder.save({**base, **_measured(session, measured, feed)})

    folder.save({**base, "status": "verified"})
    try:
        session = measure(
            specs, [variant.name for variant in measured], design, evaluate=arguments.evaluate, files=files, keep=keep
        )
    except KeyboardInterrupt:
        console.print(f"interrupted; what was measured so far is kept in {folder.result}", markup=False)
        raise
    result = {**base, **_measured(session, measured, feed)}
    if arguments.json:
        print_json({"result_file": str(folder.result), **{key: value for key, value in result.items() if key != "samples"}})
    else:
        _show(feed, outcomes, session, measured, folder)
    return 1 if refuted or session.disagreeing else 0


def _document(
    arguments: argparse.Namespace,
    specs: list[str],
    feed: LoadedFeed,
    variants: list[Variant],
    outcomes: list[Verification],
) -> dict[str, Any]:
    """What is known before anything is measured."""
    from datetime import UTC, datetime

    from engine.cache import source_digest
    from workbench.environment import environment

    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["lobench", *sys.argv[1:]]),
        "feed": {"specs": specs, "name": feed.name, "digest": feed.digest, "events": feed.count},
        "evaluate": arguments.evaluate,
        "environment": environment(),
        "source_digest": source_digest(),
        "variants": [
            {"name": variant.name, "phase": variant.phase, "summary": variant.summary, "policies": variant.policies}
            for variant in variants
        ],
        "verification": [outcome.as_json() for outcome in outcomes],
    }


def _measured(session: Session, variants: list[Variant], feed: LoadedFeed) -> dict[str, Any]:
    """What a session measured so far: raw samples, and the ladder that follows from them."""
    from dataclasses import asdict

    from variants import REFERENCE
    from workbench.estimates import Estimates
    from workbench.ladder import climb
    from workbench.measuring import COLUMNS

    agreeing = [variant for variant in variants if variant.name not in session.disagreeing]
    estimates = Estimates(session, min(session.design.slice_records, feed.count))
    return {
        "status": "complete" if session.complete else "partial",
        "design": asdict(session.design),
        "measured": session.variants,
        "disagreeing_after_timed_replay": sorted(session.disagreeing),
        "samples": {"columns": ["process", *COLUMNS], "rows": session.samples},
        "noise_floor": estimates.noise_floor(REFERENCE),
        "ladder": [rung.as_json() for rung in climb(agreeing, estimates)],
    }


def _show(
    feed: LoadedFeed,
    outcomes: list[Verification],
    session: Session,
    variants: list[Variant],
    folder: ResultFolder,
) -> None:
    from rich.table import Table

    from variants import REFERENCE
    from workbench.cli.verify import show
    from workbench.console import stdout
    from workbench.estimates import Estimates
    from workbench.ladder import climb

    console = stdout()
    if not all(outcome.agrees for outcome in outcomes):
        show(feed.name, feed.count, outcomes)
    first = outcomes[0].result
    agreeing = [variant for variant in variants if variant.name not in session.disagreeing]
    estimates = Estimates(session, min(session.design.slice_records, feed.count))
    table = Table(title=f"{feed.name}: {feed.count:,} events, {first.evaluations:,} evaluations, {len(first.books):,} books")
    for heading in ("variant", "M events/s", "step", "95 % interval", "predicted", "verdict", "in total"):
        table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
    for rung in climb(agreeing, estimates):
        table.add_row(*_cells(rung))
    console.print(table)
    broken = [outcome for outcome in outcomes if not outcome.agrees]
    kinds = [f"{name} {count:,}" for name, count in first.anomalies.items() if count]
    console.print(f"anomalies     {', '.join(kinds) or 'none'}")
    if broken:
        console.print(f"verification  FAILED for {', '.join(sorted({outcome.name for outcome in broken}))}: not measured")
    else:
        console.print(f"verification  {len(outcomes)} replays agree to the last bit")
    for name in sorted(session.disagreeing):
        console.print(f"end state     {name} DIFFERS from the reference after a timed replay: its figures are left out")
    console.print(
        f"noise floor   {estimates.noise_floor(REFERENCE):.2%} (the reference against itself, in the same session), CPU time, "
        f"{len(session.samples):,} samples"
    )
    console.print(f"result        {folder.result}", markup=False)


def _cells(rung: Rung) -> list[str]:
    cells = [rung.variant, f"{rung.events_per_second.value / 1e6:.2f}"]
    if rung.step is None or rung.total is None:
        return [*cells, "", "", "", "", "1"]
    predicted = ""
    if rung.prediction is not None:
        low, high = rung.prediction.low, rung.prediction.high
        predicted = f"{low:g}x" if low == high else f"{low:g}-{high:g}x"
    return [
        *cells,
        f"{rung.step.value:.3g}x",
        f"{rung.step.low:.3g} to {rung.step.high:.3g}",
        predicted,
        rung.step_verdict or "",
        f"{rung.total.value:.3g}x",
    ]
