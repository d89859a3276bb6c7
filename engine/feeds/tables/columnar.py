"""Parquet files in batches of Arrow columns, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import add
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.problems import UnreadableError, printable
from lobench.engine.feeds.tables.text import Batch

ROWS = 1 << 16
"""Rows of a batch."""


class ColumnarSource:
    """A Parquet file; ``names`` are its columns, ``types`` their types. Raises ``FeedError``."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._done = 0
        with source.open() as file:
            try:
                metadata = pq.read_metadata(file)
                schema = metadata.schema.to_arrow_schema()
            except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
                raise self._explain(error) from error
        self.names: list[str] = schema.names
        if len(set(self.names)) < len(self.names):
            raise UnreadableError(source.name, "has two columns of the same name")
        self.types: dict[str, pa.DataType] = dict(zip(schema.names, schema.types, strict=True))
        self.expected: int = metadata.num_rows

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def progress(self) -> float:
        return self._done / max(1, self.expected)

    def batches(self, columns: list[str]) -> Iterator[Batch]:
        """These columns in runs of rows; texts come as dictionaries."""
        texts = [name for name in columns if _is_text(self.types[name])]
        self._done = 0
        with self._source.open() as file:
            try:
                # One thread: more take more of the processor, which the replay needs, than they gain.
                table = pq.ParquetFile(file, read_dictionary=texts, pre_buffer=False)
                for batch in table.iter_batches(ROWS, columns=columns, use_threads=False):
                    self._source.check(file)
                    # A damaged file may have indices beyond its dictionaries, and text that is not UTF-8.
                    batch.validate(full=True)
                    found = dict(zip(batch.schema.names, batch.columns, strict=True))
                    yield Batch(found, batch.num_rows, "row", partial(add, self._done + 1))
                    self._done += batch.num_rows
            except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
                self._source.check(file)
                raise self._explain(error) from error

    def _explain(self, error: Exception) -> UnreadableError:
        reason = printable(" ".join(str(error).split()))
        return UnreadableError(self.name, f"is not a readable Parquet file: {reason[:200] or 'out of memory'}")


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
