"""Formats of rows: Parquet, Arrow IPC or CSV, by a file's suffix; and an Arrow IPC stream.

Every format but CSV also has metadata, under the keys that ``footer`` makes. Parquet has them in its footer. Arrow has
those known at the beginning in its schema, and all of them as the metadata of its last record batch, an empty one.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from lobench.engine.errors import UsageError
from lobench.workbench.rows.columns import HEAD, HEADS

COMPLETE: Final = "complete"
"""Key in a file's metadata: ``true``, or ``false`` if an interrupt ended the replay before its feed."""

COMPRESSIONS: Final = ("zstd", "lz4", "snappy", "none")
_ARROW = ("zstd", "lz4", "none")
PARQUET, ARROW, CSV = SUFFIXES = (".parquet", ".arrow", ".csv")
STREAM: Final = "-"
"""In place of a file's name: standard output, as an Arrow IPC stream."""

_PAGE_BYTES: Final = 256 * 1024
"""Of a page of a Parquet file, before its compression: few enough to stay in the second-level cache."""
_ENCODED: Final = 16 * 1024
"""Values of a column that are encoded at a time."""

_PREFIX = "lobench."


class Encoder(Protocol):
    """Writes tables of one schema."""

    def write(self, rows: pa.Table) -> None: ...

    def close(self, told: Mapping[str, str]) -> None:
        """Write the end, with the file's metadata."""
        ...

    def abandon(self) -> None:
        """Close a file that will not be read."""
        ...


def told_keys(told: Mapping[str, str]) -> dict[str, bytes]:
    """A file's metadata, by its keys there. A name that is not text is written as an escape."""
    return {f"{_PREFIX}{name}": text.encode(errors="backslashreplace") for name, text in told.items()}


def suffix_of(path: str) -> str:
    """The format that a file's name says; Parquet where it says none."""
    suffix = Path(path).suffix
    return suffix if suffix in SUFFIXES else PARQUET


def check_compression(path: str, compression: str | None) -> None:
    """Raise UsageError for a compression that the format does not have."""
    suffix = ARROW if path == STREAM else suffix_of(path)
    valid = {PARQUET: COMPRESSIONS, ARROW: _ARROW, CSV: ("none",)}[suffix]
    if compression is not None and compression not in valid:
        what = "an Arrow stream" if path == STREAM else path
        raise UsageError(f"--compression of {what} is one of {', '.join(valid)}, was '{compression}'")


def encoder(suffix: str, sink: Any, schema: pa.Schema, compression: str | None, told: Mapping[str, str]) -> Encoder:
    """The encoder of a format. ``told``: metadata known now; ``compression`` None is the format's default."""
    if suffix == CSV:
        return _Csv(sink, schema)
    if suffix == ARROW:
        return _Arrow(sink, schema, compression, told, stream=False)
    return _Parquet(sink, schema, compression)


def stream_encoder(sink: Any, schema: pa.Schema, compression: str | None, told: Mapping[str, str]) -> Encoder:
    """The encoder of an Arrow IPC stream."""
    return _Arrow(sink, schema, compression, told, stream=True)


class _Parquet:
    """Its encodings cost the least time for the size, by kind of column. Times are differences. Features have too many
    values for a dictionary. Everything else, such as prices and sizes of levels, has few. Readers skip rows by
    instrument, name or time, so only these have statistics."""

    def __init__(self, sink: Any, schema: pa.Schema, compression: str | None) -> None:
        times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
        features = [field.name for field in schema if pa.types.is_floating(field.type)]
        self._writer = pq.ParquetWriter(
            sink,
            schema,
            compression=compression or "zstd",
            use_dictionary=[name for name in schema.names if name not in {*times, *features}],
            column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
            write_statistics=[name for name in schema.names if name in HEADS],
            data_page_size=_PAGE_BYTES,
            write_batch_size=_ENCODED,
        )

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows)

    def close(self, told: Mapping[str, str]) -> None:
        self._writer.add_key_value_metadata(told_keys(told))
        self._writer.close()

    def abandon(self) -> None:
        # Otherwise it would close itself after the file is gone.
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._writer.is_open = False


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema with names as text: a dictionary that grows is for Parquet alone."""
    return pa.schema(
        [pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field for field in schema]
    )


def _plain_rows(rows: pa.Table) -> pa.Table:
    """The rows with names as text. To cast the table would take a hundred times as long."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(place, pa.field(field.name, pa.string()), rows.column(place).cast(pa.string()))
    return rows


class _Arrow:
    def __init__(
        self, sink: Any, schema: pa.Schema, compression: str | None, told: Mapping[str, str], *, stream: bool
    ) -> None:
        self._schema = _plain(schema).with_metadata(told_keys(told))
        options = pa.ipc.IpcWriteOptions(compression=None if compression in (None, "none") else compression)
        self._writer = (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, self._schema, options=options)

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(_plain_rows(rows))

    def close(self, told: Mapping[str, str]) -> None:
        end = pa.record_batch([pa.array([], kind) for kind in self._schema.types], schema=self._schema)
        self._writer.write_batch(end, custom_metadata=told_keys(told))
        self._writer.close()

    def abandon(self) -> None: ...


class _Csv:
    """Times as ISO 8601, prices as integers, as in the other formats; undefined values are empty or nan."""

    def __init__(self, sink: Any, schema: pa.Schema) -> None:
        self._schema = _plain(schema)
        self._writer = pa.csv.CSVWriter(sink, self._schema)

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(_plain_rows(rows))

    def close(self, told: Mapping[str, str]) -> None:
        self._writer.close()

    def abandon(self) -> None: ...


def told_of(path: Path) -> dict[str, str] | None:
    """The metadata of a file of one of these formats, from any writer; None for other files, or no file.

    A CSV can tell nothing: its first line says whether a replay wrote it, as ``complete`` ``unknown``.
    """
    try:
        if path.suffix == CSV:
            with path.open(encoding="utf-8", newline="") as file:
                first = next(csv.reader(file), [])
            return {COMPLETE: "unknown"} if {name for name, _ in HEAD} <= set(first) else {}
        with pa.OSFile(os.fsencode(path)) as file:
            return _own(_arrow_end(file) if path.suffix == ARROW else pq.read_metadata(file).metadata or {})
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error):
        return None


def _arrow_end(file: Any) -> Mapping[bytes, bytes]:
    reader = pa.ipc.open_file(file)
    said = dict(reader.schema.metadata or {})
    if reader.num_record_batches:
        _, metadata = reader.get_batch_with_custom_metadata(reader.num_record_batches - 1)
        said |= dict(metadata or {})
    return said


def _own(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    return {
        key.decode()[len(_PREFIX) :]: text.decode(errors="replace")
        for key, text in metadata.items()
        if key.startswith(_PREFIX.encode())
    }


def is_whole(path: Path) -> bool:
    """Whether there is a file of rows that does not say that a replay was interrupted."""
    told = told_of(path)
    return told is not None and told.get(COMPLETE) != "false"


def is_written_by_replay(path: Path) -> bool:
    return COMPLETE in (told_of(path) or {})
