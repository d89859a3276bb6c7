"""Record what each commit's variants cost, and list the regressions.

Commits are measured in turns, beside an anchor, in sessions of a few at a time; their points go to asv's files, and
`lobench dashboard` shows them. Instructions and mechanism counters, which are exact, are recorded with the times.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.commits.feeds import NamedFeed
    from lobench.workbench.commits.origins import Origin
    from lobench.workbench.commits.repository import Commit, Repository
    from lobench.workbench.history.store import History

HELP = "record commits for the dashboard, fill in past ones, list regressions"

DEFAULT_FEED = "synth:liquid-future,n=200000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="what to do", metavar="WHAT", required=True, dest="what")
    record = verbs.add_parser("record", help="measure one commit and record it")
    record.add_argument("--commit", metavar="REV", default="HEAD", help="which (default HEAD)")
    backfill = verbs.add_parser("backfill", help="measure past commits and record them; goes on where it stopped")
    backfill.add_argument("range", metavar="REV..REV", help="both ends included, along first parents")
    backfill.add_argument(
        "--every", type=int, default=1, metavar="N", help="only every Nth commit, and the last (default 1)"
    )
    listing = verbs.add_parser("regressions", help="list them; exit code 1 if one is not acknowledged")
    listing.add_argument("--acknowledged", metavar="FILE", help="default benchmarks/acknowledged.toml")
    options.add_json(listing)
    for one in (record, backfill):
        options.add_variants(one, "default: those of the last commit")
        options.add_feed(one, f"{DEFAULT_FEED}, or the one of the ladder file")
        options.add_recipe(one)
        one.add_argument(
            "--rounds", type=int, default=6, metavar="N", help="rounds of fresh processes, at most (default 6)"
        )
        options.add_seconds(one, 8.0, "a round's")
        one.add_argument("--again", action="store_true", help="also try commits that could not be measured before")
        one.add_argument(
            "--accept-results", action="store_true", help="record commits that compute something else than before"
        )
        options.add_evaluate(one)
    for one in (record, backfill, listing):
        options.add_history(one)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.commits.repository import Repository

    repository = Repository()
    if arguments.what == "regressions":
        return _regressions(arguments, repository, opened(repository, arguments.results, arguments.machine)[0])
    from lobench.workbench.commits.origins import origin_of

    return _record(arguments, origin_of(repository, arguments.ladder))


def opened(repository: Repository, results: str | None, machine: str | None) -> tuple[History, Path]:
    """The history of a repository and the folder of asv's results. Who is to change it holds its lock before."""
    from lobench.workbench.history.asv_files import configuration, described_machine, machine_name
    from lobench.workbench.history.store import load

    folder = Path(results).resolve() if results else Path(configuration(repository.root)["results_dir"])
    kept, name = folder.parent / "lobench", machine or machine_name()
    if machine is None and not (kept / name).exists() and (kept / described_machine()).exists():
        # Recorded before asv was told a name.
        name = described_machine()
    return load(kept / name / "history.json", name), folder


def _record(arguments: argparse.Namespace, origin: Origin) -> int:
    from lobench.workbench.commits.feeds import as_files
    from lobench.workbench.history.store import REMEDY
    from lobench.workbench.processes.file_lock import locked

    # Nothing is written before all of what was asked for is known to exist.
    options.refuse_few("--rounds", arguments.rounds, 3)
    asked, names = _chosen(origin, _asked(arguments, origin.repository), arguments.variants)
    feeds = as_files(arguments.separate or origin.feed)
    history, _ = opened(origin.repository, arguments.results, arguments.machine)
    with locked(history.lock, REMEDY):
        return _record_locked(arguments, origin, asked, names, feeds)


def _record_locked(
    arguments: argparse.Namespace,
    origin: Origin,
    asked: list[Commit],
    names: list[str],
    feeds: list[NamedFeed],
) -> int:
    import sys

    from lobench.workbench.commits.session import design_of
    from lobench.workbench.history import asv_files
    from lobench.workbench.history.recording import Recorder

    # What another process recorded before this one held the lock is there, too.
    history, results = opened(origin.repository, arguments.results, arguments.machine)
    recorder = Recorder(
        origin,
        history,
        feeds,
        names,
        design_of(arguments.rounds, arguments.seconds),
        lambda: asv_files.write(history, results),
        evaluate=arguments.evaluate,
        accept_results=arguments.accept_results,
    )
    pending = recorder.pending(asked, arguments.again or arguments.what == "record")
    if len(pending) < len(asked):
        there = f"{len(asked) - len(pending)} of {len(asked)}"
        print(f"{there} commits were recorded or given up before", file=sys.stderr)
    try:
        done, broken = recorder.record(pending)
    except KeyboardInterrupt:
        left = len(recorder.pending(pending))
        there = f"{len(asked) - left} of {len(asked)} commits are recorded or given up"
        print(f"{there}, and that is kept; the same command goes on with the others", file=sys.stderr)
        raise
    asv_files.write(history, results)
    print(f"recorded {len(done)}, passed over {len(broken)}; {results}")
    return 1 if broken and not done else 0


def _asked(arguments: argparse.Namespace, repository: Repository) -> list[Commit]:
    if arguments.what == "record":
        return [repository.commit(arguments.commit)]
    options.refuse_few("--every", arguments.every, 1)
    commits = repository.commits(arguments.range)
    return [commit for place, commit in enumerate(commits[::-1]) if place % arguments.every == 0][::-1]


def _chosen(origin: Origin, asked: list[Commit], words: str | None) -> tuple[list[Commit], list[str]]:
    """The commits that have one of the asked variants, and these variants' whole names; without ``words`` those of the
    last commit. Raises UsageError for a variant that no commit has."""
    import sys

    from lobench.engine.errors import UsageError
    from lobench.workbench.commits.reach import named

    present = {commit.hash: set(origin.variants_of(commit)) for commit in asked}
    everything = origin.ordered(set().union(*present.values()))
    names = origin.ordered(present[asked[-1].hash]) if words is None else named(words, everything)
    if not names:
        raise UsageError(f"{asked[-1]}: it has no variant")
    plain = {name.partition(",")[0] for name in names}
    own = [one for one in asked if plain & present[one.hash] or any("=" in name for name in plain)]
    for commit in asked:
        if commit not in own:
            print(f"passed over: {commit}: it has none of the variants {', '.join(names)}", file=sys.stderr)
    return own, names


def _regressions(arguments: argparse.Namespace, repository: Repository, history: History) -> int:
    from lobench.engine.errors import UsageError
    from lobench.workbench.console import print_json
    from lobench.workbench.history.acknowledged import FILE, read
    from lobench.workbench.history.changepoints import otava_missing
    from lobench.workbench.history.regressions import regressions
    from lobench.workbench.history.series import all_series
    from lobench.workbench.history.told import essence

    if not history.points:
        raise UsageError(f"{history.file}: nothing is recorded; run lobench history record, or backfill")
    path = Path(arguments.acknowledged) if arguments.acknowledged else repository.root / FILE
    series = all_series(history, repository.order())
    found = regressions(history, series, read(path))
    counted = [one for one in found if one.counts]
    missing = otava_missing()
    if arguments.json:
        print_json(
            {
                "regressions": [one.as_json() for one in found],
                "series": len(series),
                "commits": len(history.points),
                "broken": history.broken,
                "otava": missing is None,
                "unacknowledged": len(counted),
            }
        )
        return 1 if counted else 0
    from lobench.workbench.console import stdout

    console = stdout()
    for one in found:
        interval = one.paired
        time = f"speed {interval['low']:.4f}x to {interval['high']:.4f}x" if interval else "time not paired"
        counts = f"instructions {one.instructions:+.2%}" if one.instructions is not None else "instructions not counted"
        console.print(
            f"{one.commit[:8]}  {one.size:+.2%} {one.of}  {one.variant}  {one.feed}  ({time}; {counts}; "
            f"counters moved: {', '.join(one.counters) or 'none'}; found by {', '.join(one.found_by)})  {one.state}\n"
            f"          {one.subject}",
            markup=False,
            soft_wrap=True,
        )
        if one.counts:
            files = f"files changed: {', '.join(one.files)}" if one.files else ""
            for text in (files, *map(_line, one.lines)):
                if text:
                    console.print(f"          {text}", markup=False, soft_wrap=True)
    for commit, reason in history.broken.items():
        console.print(f"{commit[:8]}  not measured: {essence(reason)}", markup=False, soft_wrap=True)
    if missing:
        console.print(f"note: only asv's detection was asked; {missing}", soft_wrap=True)
    console.print(f"{len(series)} series of {len(history.points)} commits, {len(counted)} regressions to look at")
    return 1 if counted else 0


def _line(line: dict[str, Any]) -> str:
    """A source line that costs more than before."""
    cost = f"{line['before']:.2f} to {line['after']:.2f} instructions an event"
    return f"{line['file']}:{line['line']}  {cost}  {line['text']}"
