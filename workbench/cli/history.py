"""Record the cost of each commit's variants, and list regressions.

Commits are measured in turns beside an anchor, a few per session. The points go to asv's files, and `lobench dashboard`
shows them. Exact instruction counts and mechanism counters are recorded with the times.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.commits.feeds import NamedFeed
    from lobench.workbench.commits.origins import Origin
    from lobench.workbench.commits.repository import Commit, Repository
    from lobench.workbench.history.regressions import Regression
    from lobench.workbench.history.store import History

HELP = "record commits for the dashboard, backfill past ones, list regressions"

DEFAULT_FEED = "synth:liquid-future,n=200000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="what")
    record = verbs.add_parser("record", help="measure and record one commit")
    record.add_argument("--commit", metavar="REV", default="HEAD", help="commit to record (default HEAD)")
    backfill = verbs.add_parser("backfill", help="measure and record past commits; continues where it stopped")
    backfill.add_argument("range", metavar="REV..REV", help="range along first parents, both ends included")
    backfill.add_argument(
        "--every", type=int, default=1, metavar="N", help="only every Nth commit, and the last (default 1)"
    )
    backfill.add_argument("--again", action="store_true", help="retry commits that could not be measured before")
    listing = verbs.add_parser("regressions", help="list regressions; exit code 1 if one is not acknowledged")
    listing.add_argument(
        "--issue",
        metavar="FILE",
        help="write the text of an issue about the regressions to look at, with the lines that cost more",
    )
    options.add_json(listing)
    for one in (record, backfill):
        options.add_variants(one, "default: those of the last commit")
        options.add_feed(one, f"{DEFAULT_FEED}, or the feed of the ladder file")
        options.add_recipe(one)
        one.add_argument(
            "--rounds", type=int, default=6, metavar="N", help="maximum rounds of fresh processes (default 6)"
        )
        options.add_seconds(one, 8.0, "per round")
        one.add_argument(
            "--accept-results", action="store_true", help="record commits even if their results have changed"
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
    """The history of a repository and the folder of asv's results. To change it, take its lock first."""
    from lobench.workbench.history.asv_files import configuration, described_machine, machine_name
    from lobench.workbench.history.store import load

    folder = Path(results).resolve() if results else Path(configuration(repository.root)["results_dir"])
    kept, name = folder.parent / "lobench", machine or machine_name()
    if machine is None and not (kept / name).exists() and (kept / described_machine()).exists():
        # Recorded before asv had a name for the machine.
        name = described_machine()
    return load(kept / name / "history.json", name), folder


def _record(arguments: argparse.Namespace, origin: Origin) -> int:
    from lobench.workbench.commits.feeds import as_files
    from lobench.workbench.history.store import REMEDY
    from lobench.workbench.processes.file_lock import locked

    # Look up all requested commits before anything is written.
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

    # Read again: another process may have recorded before this one took the lock.
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
        ladder=arguments.ladder,
    )
    pending = recorder.pending(asked, arguments.what == "record" or arguments.again)
    if len(pending) < len(asked):
        there = f"{len(asked) - len(pending)} of {len(asked)}"
        print(f"{there} commits were already recorded or given up", file=sys.stderr)
    try:
        done, broken = recorder.record(pending)
    except KeyboardInterrupt:
        left = len(recorder.pending(pending))
        there = f"{len(asked) - left} of {len(asked)} commits are recorded or given up"
        print(f"{there} and kept; run the same command again for the others", file=sys.stderr)
        raise
    asv_files.write(history, results)
    print(f"recorded {len(done)}, skipped {len(broken)}; {results}")
    return 1 if broken and not done else 0


def _asked(arguments: argparse.Namespace, repository: Repository) -> list[Commit]:
    if arguments.what == "record":
        return [repository.commit(arguments.commit)]
    options.refuse_few("--every", arguments.every, 1)
    commits = repository.commits(arguments.range)
    return [commit for place, commit in enumerate(commits[::-1]) if place % arguments.every == 0][::-1]


def _chosen(origin: Origin, asked: list[Commit], words: str | None) -> tuple[list[Commit], list[str]]:
    """The commits that have one of the requested variants, and these variants' full names; without ``words``, the
    variants of the last commit. Raises UsageError for a variant that no commit has."""
    import sys

    from lobench.engine.errors import UsageError
    from lobench.workbench.commits.reach import named

    present = {commit.hash: set(origin.variants_of(commit)) for commit in asked}
    everything = origin.ordered(set().union(*present.values()))
    names = origin.ordered(present[asked[-1].hash]) if words is None else named(words, everything)
    if not names:
        raise UsageError(f"{asked[-1]}: has no variants")
    plain = {name.partition(",")[0] for name in names}
    own = [one for one in asked if plain & present[one.hash] or any("=" in name for name in plain)]
    for commit in asked:
        if commit not in own:
            print(f"skipped: {commit}: has none of the variants {', '.join(names)}", file=sys.stderr)
    return own, names


def _regressions(arguments: argparse.Namespace, repository: Repository, history: History) -> int:
    from lobench.engine.errors import UsageError
    from lobench.workbench.console import print_json
    from lobench.workbench.history.acknowledged import FILE, read
    from lobench.workbench.history.changepoints import otava_missing
    from lobench.workbench.history.regressions import regressions
    from lobench.workbench.history.series import all_series

    if not history.points:
        raise UsageError(f"{history.file.parent}: nothing recorded; run lobench history record or backfill")
    order = repository.order()
    outside = outside_of(history, order)
    series = all_series(history, order)
    found = regressions(history, series, read(repository.root / FILE))
    counted = [one for one in found if one.counts]
    missing = otava_missing()
    if arguments.json:
        print_json(
            {
                "regressions": [one.as_json() for one in found],
                "series": len(series),
                "commits": len(history.points) - outside,
                "outside": outside,
                "broken": history.broken,
                "otava": missing is None,
                "unacknowledged": len(counted),
            }
        )
    else:
        _show_regressions(found, history, missing)
        several = "regression" if len(counted) == 1 else "regressions"
        print(f"{len(series)} series of {len(history.points) - outside} commits, {len(counted)} {several} to look at")
    if arguments.issue:
        _write_issue(arguments.issue, counted, repository)
    return 1 if counted else 0


def outside_of(history: History, order: list[str]) -> int:
    """The number of recorded commits outside HEAD's history, which is reported. Raises UsageError if all are."""
    import sys

    from lobench.engine.errors import UsageError

    count = len(history.points.keys() - set(order))
    if not count:
        return 0
    remedy = "they belong to another branch, or this clone is shallow (git fetch --unshallow)"
    if count == len(history.points):
        raise UsageError(f"none of the {count} recorded commits is in HEAD's history: {remedy}")
    print(f"{count} of {len(history.points)} recorded commits are not in HEAD's history: {remedy}", file=sys.stderr)
    return count


def _show_regressions(found: list[Regression], history: History, missing: str | None) -> None:
    from lobench.workbench.console import fact, print_table, table_of
    from lobench.workbench.history.issue import figures

    rows = []
    for one in found:
        commit, by = f"{one.commit[:8]} {one.subject}", ", ".join(one.found_by)
        rows.append([commit, one.variant, one.feed, f"{one.size:+.1%} {one.of}", *figures(one), by, one.state])
    figured = ("speed, 95 %", "instructions", "counters moved")
    headings = ("commit", "variant", "feed", "worse by", *figured, "found by", "state")
    if rows:
        print_table(table_of(headings, rows, title="", words=(0, 1, 2, 6, 7, 8)))
    for one in found:
        if one.counts:
            label = f"{one.commit[:8]} {one.variant}"
            for place in one.lines:
                fact("line", f"{label}: {place.file}:{place.line} {place.costs}: {place.text}")
            if one.files:
                fact("files changed", f"{label}: {', '.join(one.files)}")
    for commit in history.broken:
        why = history.why(commit)
        fact("not measured", why if why.startswith(commit[:8]) else f"{commit[:8]}: {why}")
    if missing:
        fact("note", f"only asv's detection was used; {missing}")


def _write_issue(name: str, found: list[Regression], repository: Repository) -> None:
    """Write the text of an issue, if there is a regression to look at."""
    import sys

    from lobench.workbench.atomic_write import write_whole
    from lobench.workbench.costlier import lines_of_commit
    from lobench.workbench.history.issue import issue

    if not found:
        print("nothing to look at: no issue written", file=sys.stderr)
        return
    text = issue(
        found,
        lambda one: (
            one.lines or lines_of_commit(repository, one.against, one.commit, one.variant, one.feed, one.how.ladder)
        ),
    )
    write_whole(Path(name), text, "--issue takes a file")
