"""The files of a replay, and the path of rows to them."""

from __future__ import annotations

import json
from contextlib import ExitStack

from lobench.engine.cache import source_digest
from lobench.engine.feeds import Feed
from lobench.engine.result import Result
from lobench.engine.rows import Rows
from lobench.workbench.replaying.request import Request
from lobench.workbench.rows.aside import Aside
from lobench.workbench.rows.chosen import chosen_features
from lobench.workbench.rows.digesting import FeedDigest
from lobench.workbench.rows.files import RowsFile, book_file, features_file
from lobench.workbench.rows.sampling import Noted, Sampler
from lobench.workbench.version import version


class Output:
    """Takes a replay's rows, as many as the request's sample, to each of ``files``, on a thread of its own. ``depth``:
    levels that rows must have. Files that are not finished when ``stack`` is left are removed."""

    def __init__(self, feed: Feed, request: Request, stack: ExitStack) -> None:
        sample = request.sample
        self.digest: FeedDigest = stack.enter_context(FeedDigest())
        self.depth = max(request.depth or 0, sample.depth if sample else 0)
        self.told = _told(feed, request)
        self.files = self._opened(feed, request, stack)
        self._sampler = Sampler(sample, self.depth) if sample else None
        # Entered after the files, so that it ends before they close.
        self._aside = stack.enter_context(Aside(self._take, "lobench-rows"))

    def write(self, rows: Rows) -> None:
        self._aside.put(self._sampler.note(rows) if self._sampler else Noted(rows))

    def _take(self, noted: Noted) -> None:
        for chosen in self._sampler.take(noted) if self._sampler else [noted.rows]:
            self._add(chosen)

    def finish(self, result: Result, *, complete: bool) -> None:
        self._aside.finish()
        for chosen in self._sampler.finish() if self._sampler else []:
            self._add(chosen)
        told = {
            "feed_digest": self.digest.value(),
            "events": str(result.events),
            "evaluations": str(result.evaluations),
            "anomalies": json.dumps(result.anomalies),
        }
        for file in self.files:
            file.finish(complete=complete, told=told | self._told_of(file))

    def _opened(self, feed: Feed, request: Request, stack: ExitStack) -> list[RowsFile]:
        """The files as they are at the beginning."""
        files = []
        timed = request.sample is not None and request.sample.timed
        symbols, compression = (lambda: feed.symbols), request.compression
        if request.features:
            names = chosen_features(request.columns)
            opened = features_file(
                request.features, symbols, features=names, timed=timed, compression=compression, told=self.told
            )
            files.append(stack.enter_context(opened))
        if request.book:
            opened = book_file(
                request.book, request.depth or 0, symbols, timed=timed, compression=compression, told=self.told
            )
            files.append(stack.enter_context(opened))
        return files

    def _told_of(self, file: RowsFile) -> dict[str, str]:
        """Metadata of one file beyond that of all files."""
        return {}

    def _add(self, rows: Rows) -> None:
        for file in self.files:
            file.write(rows)


def _told(feed: Feed, request: Request) -> dict[str, str]:
    """Metadata known before the replay."""
    return {
        "version": version(),
        "source_digest": source_digest(),
        "command": request.command,
        "feed": feed.name,
        "evaluate": request.workload.evaluate,
        "sample": request.sample.text if request.sample else "every evaluation",
    }
