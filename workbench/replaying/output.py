"""The files of a replay, and the path of rows to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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
from lobench.workbench.rows.sampling import sampler
from lobench.workbench.version import version


class Output:
    """Writes a replay's rows, or the requested sample of them, to each of ``files``, on a separate thread. The replay
    must use this object's ``features``, ``depth``, ``pick`` and ``slice_records``. Files that are not finished when
    ``stack`` is left are removed."""

    def __init__(self, feed: Feed, request: Request, stack: ExitStack) -> None:
        sample = request.sample
        self.digest: FeedDigest = stack.enter_context(FeedDigest())
        self.features = self._names(request)
        self.depth = max(request.depth or 0, sample.depth if sample else 0)
        self.told = _told(feed, request)
        # Before the sampler, which compiles: wrong arguments are refused at once.
        self.files = self._opened(feed, request, stack)
        self._sampler = sampler(sample, self.features, self.depth)
        self.pick, self.slice_records = self._sampler.pick, self._sampler.slice_records
        # After the files, which it must not find closed.
        self._aside = stack.enter_context(Aside(self._take, "lobench-rows"))

    def write(self, rows: Rows) -> None:
        self._aside.put(rows)

    def _take(self, rows: Rows) -> None:
        self._write(self._sampler.take(rows))

    def _write(self, found: Iterator[Rows]) -> None:
        for rows in found:
            if len(rows):
                self._add(rows)

    def end(self) -> None:
        """The replay has handed over all rows: encode the rest while its result is made."""
        self._aside.finish()
        self._write(self._sampler.finish())
        for file in self.files:
            file.end()

    def finish(self, result: Result, *, complete: bool) -> None:
        """After ``end``: complete the files."""
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
            opened = features_file(
                request.features, symbols, features=self.features, timed=timed, compression=compression, told=self.told
            )
            files.append(stack.enter_context(opened))
        if request.book:
            opened = book_file(
                request.book, request.depth or 0, symbols, timed=timed, compression=compression, told=self.told
            )
            files.append(stack.enter_context(opened))
        return files

    def _names(self, request: Request) -> Sequence[str]:
        """The features of a row."""
        return chosen_features(request.columns) if request.features else []

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
