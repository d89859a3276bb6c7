"""Publish the recorded history as a site. The front page lists each regression with its date, size and source line, a
chart of every series, and a comparison report for each commit; asv's own site is included with its assets.

Nothing is loaded from a network. Results of `asv run` are included.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.commits.repository import Repository
    from lobench.workbench.history.store import History

HELP = "publish the recorded history as a site that needs no network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_output(parser, note="default: html_dir of asv.conf.json")
    parser.add_argument("--serve", action="store_true", help="then serve it locally until interrupted")
    parser.add_argument(
        "--port", type=int, default=8080, metavar="N", help="port for --serve (default 8080; 0 takes a free one)"
    )
    options.add_history(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench.commits.repository import Repository
    from lobench.workbench.dashboard import serving
    from lobench.workbench.dashboard.publishing import check_target
    from lobench.workbench.history import asv_files

    repository = Repository()
    configured = asv_files.configuration(repository.root)["html_dir"]
    site = Path(arguments.output or configured).resolve()
    check_target(site)
    if not arguments.serve:
        _publish(arguments, repository, site)
        print("asv's pages need a server: lobench dashboard --serve")
        return 0
    # The port comes first: if it is taken, nothing is written.
    with serving.server(site, arguments.port) as served:
        _publish(arguments, repository, site)
        print(f"http://127.0.0.1:{served.server_port}/ (ctrl-c stops it)", flush=True)
        try:
            served.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


def _publish(arguments: argparse.Namespace, repository: Repository, site: Path) -> None:
    from lobench.engine.errors import UsageError
    from lobench.workbench.cli.history import opened
    from lobench.workbench.dashboard import pages, publishing
    from lobench.workbench.history.asv_files import result_files

    history, results = opened(repository, arguments.results, arguments.machine)
    if any(commit in history.points for commit in repository.order()):
        _publish_recorded(arguments, repository, site)
    elif result_files(results):
        # Only results of `asv run`.
        with publishing.published(repository.root, results, site) as made:
            pages.write_plain(made)
    else:
        raise UsageError(
            f"{history.file.parent}: nothing recorded for this branch; run lobench history record or backfill"
        )
    print(f"{site / 'index.html'}")


def _publish_recorded(arguments: argparse.Namespace, repository: Repository, site: Path) -> None:
    from lobench.workbench.cli.history import outside_of
    from lobench.workbench.commits.changes import changes
    from lobench.workbench.dashboard import pages, publishing
    from lobench.workbench.history.acknowledged import FILE, read
    from lobench.workbench.history.regressions import regressions
    from lobench.workbench.history.series import all_series

    history, results = _recorded(arguments, repository)
    order = repository.order()
    outside_of(history, order)
    series = all_series(history, order)
    found = regressions(history, series, read(repository.root / FILE))
    first = next(commit for commit in order if commit in history.points or commit in history.broken)
    commits = [
        commit
        for commit in repository.commits(f"{first}..{order[-1]}")
        if commit.hash in history.points or commit.hash in history.broken
    ]
    lines = {one.commit: changes(repository.root, one.against, one.commit) for one in found if one.against}
    with publishing.published(repository.root, results, site) as made:
        pages.write(made, history, commits, series, found, lines)


def _recorded(arguments: argparse.Namespace, repository: Repository) -> tuple[History, Path]:
    """The recorded history, and the folder of asv's files, brought up to date."""
    from lobench.workbench.cli.history import opened
    from lobench.workbench.history import asv_files
    from lobench.workbench.history.store import REMEDY
    from lobench.workbench.processes.file_lock import TakenError, locked

    history, results = opened(repository, arguments.results, arguments.machine)
    try:
        with locked(history.lock, REMEDY):
            history, results = opened(repository, arguments.results, arguments.machine)
            asv_files.write(history, results)
    except TakenError:
        pass  # the recording process writes asv's files, too
    return history, results
