"""Fit the run-time parameters of a layout to a feed by measurement, and write them to a tuning file.

One half of the feed proposes parameters, the other half decides: the defaults are written unless the proposal, or else
its runner-up, is faster there, or faster on the whole feed without a loss there. p8_profile_guided then finds the file
by the feed's records; --tuning FILE selects another, --tuning none disables tuning. Tuning affects speed only.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.engine.feeds import LoadedFeed
    from lobench.engine.parameters import LayoutParameters
    from lobench.workbench.tuning.files import Tuning
    from lobench.workbench.tuning.search import Search
    from lobench.workbench.tuning.traits import Traits

HELP = "fit the parameters of p8_profile_guided to a feed"

SECONDS = 60.0
LEAST_RECORDS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_feeds(parser, required=True)
    options.add_budget(parser, f"{SECONDS:g}s")
    parser.add_argument(
        "--half", choices=("first", "second"), default="first", help="half that proposes (default first)"
    )
    options.add_output_file(parser, "default: where lobench looks for this feed's tuning")
    options.add_evaluate(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError
    from lobench.engine.feeds import load, open_feed
    from lobench.workbench.console import progress
    from lobench.workbench.measurement.shared_feed import shared
    from lobench.workbench.precompile import warm_all
    from lobench.workbench.processes.starting import WorkerError
    from lobench.workbench.tuning.files import check_place, place_of
    from lobench.workbench.tuning.fitted import fitted_variant
    from lobench.workbench.tuning.picking import beginning_of, earlier
    from lobench.workbench.tuning.search import Search, search
    from lobench.workbench.tuning.traits import traits_of
    from lobench.workbench.tuning.trials import Halves

    seconds = SECONDS if arguments.budget is None else arguments.budget
    source = open_feed(options.feeds_of(arguments))
    check_place(Path(arguments.output_file) if arguments.output_file else place_of("any", "any"))
    feed = load(source)
    if feed.count < LEAST_RECORDS:
        raise UsageError(f"{feed.name}: {feed.count:,} records are too few to tune on; it takes {LEAST_RECORDS:,}")
    path = Path(arguments.output_file) if arguments.output_file else place_of(feed.digest, beginning_of(feed))
    before = earlier(path)
    variant = fitted_variant()
    workload = options.workload_of(arguments)
    warm_all([variant], ["timed"], workload)
    state = Search(arguments.half)
    first, last = Halves.of(feed.count).records(state.half, feed.count)
    with progress(f"looking at {feed.name}", last, records=True) as ticker:
        traits = traits_of(feed, first, last, variant, workload, advance=ticker.advance)
    try:
        with shared(feed) as handed, progress(f"tuning {feed.name}", seconds) as ticker:
            search(
                state,
                handed,
                traits,
                workload=workload,
                seconds=seconds,
                start=before.parameters if before else None,
                report=ticker.label,
                advance=ticker.advance,
            )
    except KeyboardInterrupt:
        _keep(path, before, arguments, feed, traits, state)
        raise
    except WorkerError:
        # The findings so far took minutes and are still valid.
        _keep(path, before, arguments, feed, traits, state)
        _tell(arguments, feed, traits, state, path)
        raise
    _write(path, arguments, feed, traits, state)
    _tell(arguments, feed, traits, state, path)
    return 0


def _keep(
    path: Path,
    before: Tuning | None,
    arguments: argparse.Namespace,
    feed: LoadedFeed,
    traits: Traits,
    state: Search,
) -> None:
    """Write the findings of an unfinished search, unless the file holds a confirmed tuning."""
    from lobench.workbench.console import stderr

    if before is not None and before.confirmed:
        line = f"stopped; {path} keeps the tuning confirmed earlier"
    else:
        _write(path, arguments, feed, traits, state)
        line = f"stopped; the best so far is saved in {path}, unconfirmed: only --tuning {path} uses it"
    stderr().print(line, markup=False, soft_wrap=True)


def _tell(arguments: argparse.Namespace, feed: LoadedFeed, traits: Traits, state: Search, path: Path) -> None:
    from lobench.workbench.console import print_json
    from lobench.workbench.tuning.fitted import defaults

    if arguments.json:
        print_json(
            {
                "tuning_file": str(path),
                "feed": {"name": feed.name, "digest": feed.digest},
                "traits": traits.as_json(),
                "tuned": state.parameters != defaults(),
                **state.as_json(),
            }
        )
    else:
        _show(feed.name, traits, state, path)


def _write(path: Path, arguments: argparse.Namespace, feed: LoadedFeed, traits: Traits, state: Search) -> None:
    from dataclasses import asdict
    from datetime import UTC, datetime

    from lobench.engine.cache import source_digest
    from lobench.workbench.environment import environment
    from lobench.workbench.tuning.files import Tuning, write
    from lobench.workbench.tuning.picking import beginning_of
    from lobench.workbench.tuning.search import OTHER

    machine = environment()
    facts: dict[str, Any] = {"feed": {"half": state.half, "evaluate": arguments.evaluate, **traits.as_json()}}
    if state.other is not None and state.whole is not None:
        facts["gain"] = {
            "processes": state.processes,
            f"{OTHER[state.half]}_half": asdict(state.other),
            "whole": asdict(state.whole),
            "of": state.best.as_json(),
        }
    facts["made"] = {
        "date": datetime.now(UTC).date(),
        "version": machine.lobench.version,
        "revision": machine.lobench.revision or "unknown",
        "source_digest": source_digest(),
        "machine_digest": machine.machine_digest,
        "cpu": machine.cpu.model or "unknown",
    }
    chosen = state.parameters if state.complete else state.best
    write(path, Tuning(feed.name, feed.digest, beginning_of(feed), chosen, state.complete, facts))


def _show(name: str, traits: Traits, state: Search, path: Path) -> None:
    from rich.table import Table

    from lobench.engine.parameters import NEVER
    from lobench.workbench.cli.outcome import say
    from lobench.workbench.console import print_table
    from lobench.workbench.results.numbers import ends, estimate
    from lobench.workbench.tuning.search import OTHER

    actions = ", ".join(f"{letter} {share:.1%}" for letter, share in sorted(traits.actions.items()))
    say("feed", name)
    say(f"{state.half} half", f"{traits.events:,} events ({actions}), {traits.evaluations:.2f} evaluations each")
    say("books", f"{traits.books:,}; at most {traits.live_orders:,} orders at {traits.live_levels:,} levels rest")
    say("prices", f"{traits.span_ticks:,} ticks of {traits.tick:,} are spanned by the busiest instrument's")
    table = Table(title=f"tried on the {state.half} half, each against the best so far")
    for heading in ("", "change", "times as fast", "95 % interval"):
        table.add_column(heading)
    for entry in state.tried:
        changes = ", ".join(
            f"{key} {'never' if value == NEVER else format(value, ',')}" for key, value in entry.changes.items()
        )
        table.add_row(entry.group, changes, estimate(entry.gain, "x"), ends(entry.gain))
    print_table(table)
    for one in state.refused:
        gains = ((f"{OTHER[state.half]} half", one.other), ("whole feed", one.whole))
        told = "; ".join(f"{label} {estimate(gain.gain, 'x')} ({ends(gain.gain)})" for label, gain in gains)
        say("refused", f"{_changes(one.parameters)}: {told}")
    if state.refused:
        say("runner-up", _changes(state.best))
    for label, found in ((f"{OTHER[state.half]} half", state.other), ("whole feed", state.whole)):
        if found is not None:
            gain = f"{estimate(found.gain, 'x')} ({ends(found.gain)})"
            say(label, f"{gain} as fast as with the defaults, noise floor {found.floor:.2%}: {found.verdict}")
    changes = _changes(state.parameters if state.complete else state.best)
    nothing = "nothing was confirmed to be faster" if state.complete else "nothing faster was found so far"
    say("parameters", (changes or f"the defaults: {nothing}") + ("" if state.complete else ", unconfirmed"))
    say("tuning", path)


def _changes(parameters: LayoutParameters) -> str:
    """What differs from the defaults."""
    from lobench.workbench.tuning.fitted import defaults

    before = defaults().as_json()
    return ", ".join(f"{key} = {value:,}" for key, value in parameters.as_json().items() if value != before[key])
