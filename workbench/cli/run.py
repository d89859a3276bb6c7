"""Verify all variants on a feed, measure them side by side, print the ladder, and keep everything in
out/<time>/result.json.

A variant that does not compute what the reference computes is reported and not measured.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workbench.cli.options import add_feeds, add_json, add_variants

if TYPE_CHECKING:
    from workbench.experiment import Experiment
    from workbench.ladder import Rung

HELP = "verify and measure all variants on a feed: the main job"

DEFAULT_FEED = "synth:liquid-future"
QUICK_FEED = "synth:liquid-future,n=200000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_feeds(parser, required=False)
    add_variants(parser)
    parser.add_argument("--quick", action="store_true", help="a shorter feed and a rougher measurement, under a minute")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="time for measuring (default 60, quick 8)")
    parser.add_argument("--processes", type=int, metavar="N", help="fresh processes to measure in (default 3, quick 2)")
    parser.add_argument("-o", "--output", metavar="DIR", default="out", help="where results are kept (default out)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from engine.errors import UsageError
    from engine.feeds import open_feed
    from variants import REFERENCE, discover
    from workbench.console import print_json
    from workbench.experiment import Experiment
    from workbench.results import ResultFolder
    from workbench.selection import select

    quick = arguments.quick
    processes = (2 if quick else 3) if arguments.processes is None else arguments.processes
    budget = (8.0 if quick else 60.0) if arguments.budget is None else arguments.budget
    if processes < 1 or not 0 < budget < float("inf"):
        raise UsageError("--processes and --budget must be positive")
    specs = arguments.feeds or [QUICK_FEED if quick else DEFAULT_FEED]
    chosen = select(arguments.variants, arguments.variants_from)
    if all(variant.name != REFERENCE for variant in chosen):
        chosen = [discover()[REFERENCE], *chosen]
    source = open_feed(specs)
    folder = ResultFolder(arguments.output)
    try:
        experiment = Experiment(specs, source, chosen, folder, arguments.evaluate, arguments.variants_from)
        experiment.verify()
        experiment.measure(processes, budget)
    finally:
        folder.drop_if_empty()
    if arguments.json:
        shown = {key: value for key, value in experiment.document().items() if key != "samples"}
        print_json({"result_file": str(folder.result), **shown})
    else:
        _show(experiment)
    return 1 if experiment.refuted or experiment.session.disagreeing else 0


def _show(experiment: Experiment) -> None:
    from rich.table import Table

    from variants import REFERENCE
    from workbench.cli.verify import show
    from workbench.console import headline, stdout

    console = stdout()
    feed, session = experiment.feed, experiment.session
    if experiment.refuted:
        show(feed.name, experiment.outcomes)
    first = experiment.outcomes[0].result
    table = Table(title=headline(feed.name, first))
    for heading in ("variant", "M events/s", "step", "95 % interval", "predicted", "verdict", "in total"):
        table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
    for rung in experiment.ladder:
        table.add_row(*_cells(rung))
    console.print(table)
    kinds = [f"{name} {count:,}" for name, count in first.anomalies.items() if count]
    console.print(f"anomalies     {', '.join(kinds) or 'none'}")
    if experiment.refuted:
        console.print(f"verification  FAILED for {', '.join(experiment.refuted)}: not measured")
    else:
        console.print(f"verification  {len(experiment.outcomes)} replays agree to the last bit")
    for name in sorted(session.disagreeing):
        console.print(f"end state     {name} DIFFERS from the reference after a timed replay: its figures are left out")
    console.print(
        f"noise floor   {experiment.estimates.noise_floor(REFERENCE):.2%} (the reference against itself, in the same "
        f"session), CPU time, {len(session.samples):,} samples"
    )
    console.print(f"result        {experiment.folder.result}", markup=False, soft_wrap=True)


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
