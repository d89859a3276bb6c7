"""The files of a replay, and all that rows go through on their way there."""

from __future__ import annotations

import json
from contextlib import ExitStack

from lobench.engine.cache import source_digest
from lobench.engine.feeds import Feed
from lobench.engine.replay import Rows
from lobench.engine.result import Result
from lobench.workbench.replaying.request import Request
from lobench.workbench.rows.chosen import chosen_features
from lobench.workbench.rows.digesting import FeedDigest
from lobench.workbench.rows.files import RowsFile, book_file, features_file
from lobench.workbench.rows.sampling import Sampler
from lobench.workbench.version import version


class Output:
    """The files of a replay, and all that its rows go through."""

    def __init__(self, feed: Feed, request: Request, stack: ExitStack) -> None:
        sample = request.sample
        self.digest: FeedDigest = stack.enter_context(FeedDigest())
        self.files: list[RowsFile] = []
        told = _told(feed, request)
        timed = sample is not None and sample.timed
        symbols, compression = (lambda: feed.symbols), request.compression
        if request.features:
            names = chosen_features(request.columns)
            opened = features_file(
                request.features, symbols, features=names, timed=timed, compression=compression, told=told
            )
            self.files.append(stack.enter_context(opened))
        if request.book:
            opened = book_file(
                request.book, request.depth or 0, symbols, timed=timed, compression=compression, told=told
            )
            self.files.append(stack.enter_context(opened))
        depth = max(request.depth or 0, sample.depth if sample else 0)
        self._sampler = Sampler(sample, depth) if sample else None

    def write(self, rows: Rows) -> None:
        for chosen in self._sampler.take(rows) if self._sampler else [rows]:
            self._add(chosen)

    def finish(self, result: Result, *, complete: bool) -> None:
        for chosen in self._sampler.finish() if self._sampler else []:
            self._add(chosen)
        told = {
            "feed_digest": self.digest.value(),
            "events": str(result.events),
            "evaluations": str(result.evaluations),
            "anomalies": json.dumps(result.anomalies),
        }
        for file in self.files:
            file.finish(complete=complete, told=told)

    def _add(self, rows: Rows) -> None:
        for file in self.files:
            file.write(rows)


def _told(feed: Feed, request: Request) -> dict[str, str]:
    """What files tell of themselves that is known before the replay."""
    return {
        "version": version(),
        "source_digest": source_digest(),
        "command": request.command,
        "feed": feed.name,
        "evaluate": request.workload.evaluate,
        "sample": request.sample.text if request.sample else "every evaluation",
    }
