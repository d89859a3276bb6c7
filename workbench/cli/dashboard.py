"""Publish the recorded history: asv's site with everything that it loads beside it, and a front page with the ladder
over time, the last commit against the one before, and a comparison report for each commit.

Nothing is loaded from a network. asv's own results, from `asv run`, are in the site too.
"""

from __future__ import annotations

import argparse

HELP = "publish the recorded history as a site that needs no network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="DIR", help="where to (default: html_dir of asv.conf.json)")
    parser.add_argument("--serve", action="store_true", help="then serve it on this machine until interrupted")
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="for --serve (default 8080; 0 takes any)")
    parser.add_argument("--results", metavar="DIR", help="folder of asv's results (default: that of asv.conf.json)")
    parser.add_argument("--machine", metavar="NAME", help="whose history (default: this machine's)")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from engine.errors import UsageError
    from workbench.cli.history import opened
    from workbench.commits.repository import Repository
    from workbench.dashboard import pages, publishing, serving
    from workbench.history import asv_files
    from workbench.history.acknowledged import FILE, read
    from workbench.history.regressions import regressions
    from workbench.history.series import all_series

    repository = Repository()
    history, results = opened(repository, arguments.results, arguments.machine)
    order = repository.order()
    if not any(commit in history.points for commit in order):
        raise UsageError(f"{history.file}: nothing of this branch is recorded; run lobench history record, or backfill")
    configured = asv_files.configuration(repository.root)["html_dir"]
    site = Path(arguments.output or configured).resolve()
    asv_files.write(history, results)
    publishing.publish(repository.root, results, site)
    series = all_series(history, order)
    pages.write(site, history, order, series, regressions(history, series, read(repository.root / FILE)))
    print(f"{site / 'index.html'}")
    if not arguments.serve:
        print("asv's pages need a server: lobench dashboard --serve")
        return 0
    with serving.server(site, arguments.port) as served:
        print(f"http://127.0.0.1:{served.server_port}/ (ctrl-c ends it)", flush=True)
        try:
            served.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0
