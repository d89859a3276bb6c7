"""A replay as an iterator of Arrow record batches, for Python and for readers of the Arrow C stream interface."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import pyarrow as pa

from lobench.engine.activity import activity
from lobench.engine.errors import UsageError
from lobench.engine.feeds import Chunk, Feed
from lobench.engine.feeds.ahead import ahead
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from lobench.engine.result import Result
from lobench.engine.rows import Rows
from lobench.workbench.rows.columns import RowColumns
from lobench.workbench.rows.sample import Sample
from lobench.workbench.rows.sampling import sampler

Progress = Callable[[], AbstractContextManager[Callable[[int], object]]]
"""A context; it yields a function to call with the number of records replayed since its last call."""


_AHEAD: Final = 2
"""Slices that are replayed before they are asked for."""


@contextmanager
def _silent() -> Iterator[Callable[[int], object]]:
    yield lambda records: None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows: features by name, ``depth`` levels, those of a sample; and how they are computed."""

    features: Sequence[str]
    depth: int = 0
    sample: Sample | None = None
    evaluate: str = "last"
    workers: int = 1
    strict: bool = False
    until: str = "features"


class RowStream(Iterator[pa.RecordBatch]):
    """Iterate for record batches, once; each owns its memory and stays when the next one comes.

    It implements ``__arrow_c_stream__``, so polars, duckdb, pandas and pyarrow accept it directly. ``schema``: that of
    all batches. ``result``: the replay's result, None before its end. Closing it, or leaving its context, ends the
    replay early. Errors are those of the feed, and StrictError.
    """

    def __init__(self, feed: Feed, variant: Variant, wanted: Wanted, progress: Progress = _silent) -> None:
        if not wanted.features and not wanted.depth:
            raise UsageError("nothing to write: rows hold features, book levels to a depth, or both")
        timed = wanted.sample is not None and wanted.sample.timed
        self._columns = RowColumns(
            features=wanted.features, depth=wanted.depth, symbols=lambda: feed.symbols, timed=timed
        )
        self.result: Result | None = None
        self._batches = self._replayed(feed, variant, wanted, progress)

    @property
    def schema(self) -> pa.Schema:
        return self._columns.schema

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rest of the rows as a capsule of the Arrow C stream interface."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def reader(self) -> pa.RecordBatchReader:
        """The rest of the rows as pyarrow's reader."""
        return pa.RecordBatchReader.from_batches(self.schema, self)

    def read_all(self) -> pa.Table:
        """The rest of the rows as one table."""
        return pa.Table.from_batches(list(self), self.schema).unify_dictionaries()

    def close(self) -> None:
        """End the replay."""
        self._batches.close()

    def __enter__(self) -> RowStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _replayed(
        self, feed: Feed, variant: Variant, wanted: Wanted, progress: Progress
    ) -> Generator[pa.RecordBatch, None, None]:
        depth = max(wanted.depth, wanted.sample.depth if wanted.sample else 0)
        sample = sampler(wanted.sample, wanted.features, depth)
        replay = Replay(
            variant,
            workers=wanted.workers,
            evaluate=wanted.evaluate,
            strict=wanted.strict,
            observe=True,
            deep=False,
            depth=depth,
            on_rows=(made := deque[Rows]()).append,
            features=wanted.features,
            pick=sample.pick,
            slice_records=sample.slice_records,
            until=wanted.until,
            activity=activity(feed) if wanted.workers > 1 else None,
        )
        with replay, progress() as notify, ahead(_slices(feed, replay, made, sample.slice_records), _AHEAD) as slices:
            for rows, count in slices:
                notify(count)
                yield from self._made(sample.take(rows))
            yield from self._made(sample.finish())
            self.result = replay.finish()

    def _made(self, found: Iterator[Rows]) -> Iterator[pa.RecordBatch]:
        return (self._columns.batch(rows) for rows in found if len(rows))


def _slices(feed: Feed, replay: Replay, made: deque[Rows], most: int) -> Generator[tuple[Rows, int], None, None]:
    """The rows of each slice, and how many records it has."""
    for chunk in feed:
        for start in range(0, chunk.count, most):
            count = min(most, chunk.count - start)
            replay.apply(Chunk(chunk.address + start * chunk.stride, chunk.stride, count, chunk.owner))
            yield made.popleft(), count
