"""Streaming Parquet files of what a replay evaluates: feature rows, and top levels of the books.

Both begin with the same columns: ``ts_event`` (timestamp[ns, UTC], as in Databento's data frames; null where the
record has none, or one after the year 2262, which does not fit), ``instrument_id`` (uint32), ``publisher_id`` (uint16)
and ``symbol`` (a dictionary of the names that the feed knows, null without one). One row is one evaluation, in feed
order.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds.kinds import holds_records
from lobench.engine.parts import Part, shortened
from lobench.engine.registry import FEATURES
from lobench.engine.replay import Rows
from lobench.workbench.symbol_column import SYMBOL, SymbolColumn

GROUP_ROWS = 128 * 1024
GROUP_BYTES = 64 * 2**20
"""A row group is written once it has so many rows, or so many bytes: what a file holds in memory."""

DEEPEST = 100
"""Levels that two digits can number."""

COMPLETE = b"lobench.complete"
"""Key of the file's metadata: ``true``, or ``false`` where an interrupt ended the replay before its feed."""

_HEAD = [
    ("ts_event", pa.timestamp("ns", tz="UTC")),
    ("instrument_id", pa.uint32()),
    ("publisher_id", pa.uint16()),
    ("symbol", SYMBOL),
]
Symbols = Callable[[], Mapping[int, str]]
"""Names by instrument id that are known by now."""

# Sizes of levels are sums: they can exceed the 32 bits that Databento's single orders have.
_LEVEL = {
    "bid_px": pa.int64(),
    "ask_px": pa.int64(),
    "bid_sz": pa.int64(),
    "ask_sz": pa.int64(),
    "bid_ct": pa.uint32(),
    "ask_ct": pa.uint32(),
}


class RowsFile:
    """A Parquet file that takes a replay's rows as they come: pass ``write`` to the replay, then call ``finish``.

    Until then it has another name in the same folder; leaving its context without ``finish`` removes it. Raises
    UsageError at once if it cannot be made, or would replace market data, LobenchError if it cannot be written to the
    end. ``path`` is where the rows are in the end, ``rows`` their number so far.
    """

    def __init__(self, path: str, schema: pa.Schema, columns: Callable[[Rows], list[pa.Array]]) -> None:
        self.path = path
        self.rows = 0
        self._schema, self._columns = schema, columns
        self._batches: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        try:
            target = Path(path)
            if target.exists() and not target.is_file():
                raise UsageError(f"{path}: cannot be written: is not a regular file")
            if holds_records(target):
                raise UsageError(f"{path}: is market data, which is never replaced; choose another name")
            self._part = Part(target)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {_reason(error)}") from error
        # As bytes: a name need not be text.
        self._sink = pa.OSFile(os.fsencode(self._part.path), "wb")
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd", use_dictionary=["symbol"])

    def write(self, rows: Rows) -> None:
        """Append rows; what they view may change afterwards."""
        if len(rows.heads) == 0:
            return
        batch = pa.record_batch(self._columns(rows), schema=self._schema)
        self._batches.append(batch)
        self.rows += batch.num_rows
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= GROUP_ROWS or self._waiting_bytes >= GROUP_BYTES:
            self._flush()

    def finish(self, *, complete: bool = True) -> None:
        """Give the file its name, with all rows so far; where rows that are not ``complete`` would replace a file
        that is, they get a name beside it."""
        self._flush()
        with self._explained():
            self._writer.add_key_value_metadata({COMPLETE: b"true" if complete else b"false"})
            self._writer.close()
            self._sink.close()
            if complete or not _is_whole(self._part.target):
                self._part.finish()
            else:
                beside = _beside(self._part.target)
                self._part.finish(beside)
                self.path = str(beside)

    def discard(self) -> None:
        """Remove what was written, unless the file was finished."""
        self._batches.clear()
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._sink.close()
        self._part.discard()

    def _flush(self) -> None:
        if self._batches:
            with self._explained():
                # In one piece, for each piece of a column is encoded by itself.
                rows = pa.Table.from_batches(self._batches).unify_dictionaries().combine_chunks()
                self._writer.write_table(rows)
            self._batches.clear()
            self._waiting_rows = self._waiting_bytes = 0

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LobenchError(f"{self.path}: cannot be written: {_reason(error)}") from error

    def __enter__(self) -> RowsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def _told(path: Path) -> dict[bytes, bytes] | None:
    """What a Parquet file says of itself; None for any other file, or none."""
    try:
        with pa.OSFile(os.fsencode(path)) as file:
            return dict(pq.read_metadata(file).metadata or {})
    except (OSError, pa.ArrowException):
        return None


def _is_whole(path: Path) -> bool:
    """Whether there is a Parquet file that does not say that a replay was interrupted."""
    told = _told(path)
    return told is not None and told.get(COMPLETE) != b"false"


def _beside(target: Path) -> Path:
    """Where rows of an interrupted replay go while another file keeps its place: ``f.partial.parquet``, with a number
    if that is something else."""
    for number in itertools.count():
        after = f".partial{f'-{number}' if number else ''}{target.suffix}"
        place = target.with_name(shortened("", target.stem, after, target.parent))
        if not place.exists() or (_told(place) or {}).get(COMPLETE) == b"false":
            return place
    raise AssertionError


def check_place(option: str, path: str, *, force: bool) -> None:
    """Raise UsageError unless a command's option names a file that rows can be written to: a new one, one that a replay
    wrote before, or with ``force`` any that is not market data."""
    place = Path(path)
    with suppress(OSError):  # what is wrong with a name is said where the file is made
        if place.exists() and not place.is_file():
            raise UsageError(f"{option} {path}: cannot be written: is not a regular file")
        if holds_records(place):
            raise UsageError(f"{option} {path}: is market data, which is never replaced; choose another name")
        if place.suffix != ".parquet":
            raise UsageError(f"{option} {path}: the name must end in .parquet")
        if place.exists() and COMPLETE not in (_told(place) or {}) and not force:
            raise UsageError(f"{option} {path}: is there already, not written by a replay; --force replaces it")


def features_file(path: str, symbols: Symbols = dict) -> RowsFile:
    """A file of all features by name, float64, NaN where undefined."""
    names = SymbolColumn(symbols)
    schema = pa.schema([*_HEAD, *((name, pa.float64()) for name in FEATURES)])
    return RowsFile(path, schema, lambda rows: [*_head(rows, names), *map(pa.array, rows.features.T.copy())])


def book_file(path: str, depth: int, symbols: Symbols = dict) -> RowsFile:
    """A file of the ``depth`` best levels after each evaluation, named as in Databento's mbp-10 (``bid_px_00`` …).

    Prices are int64 in 1e-9 units, ``UNDEF_PRICE`` (2^63 - 1) where there is no level; sizes int64, counts uint32.
    Raises UsageError for a depth below 1 or above 100.
    """
    if not 1 <= depth <= DEEPEST:
        raise UsageError(f"depth must be 1 to {DEEPEST}, was {depth}")
    names = SymbolColumn(symbols)
    fields = [(f"{name}_{place:02d}", kind) for place in range(depth) for name, kind in _LEVEL.items()]
    return RowsFile(path, pa.schema([*_HEAD, *fields]), lambda rows: [*_head(rows, names), *_levels(rows, depth)])


def _head(rows: Rows, names: SymbolColumn) -> list[pa.Array]:
    times = rows.heads["ts_event"].copy()
    return [
        pa.array(times.view("M8[ns]"), pa.timestamp("ns", tz="UTC"), mask=times < 0),
        pa.array(rows.heads["instrument_id"].astype(np.uint32)),
        pa.array(rows.heads["publisher_id"].astype(np.uint16)),
        names.column(rows.heads["instrument_id"]),
    ]


def _levels(rows: Rows, depth: int) -> Iterator[pa.Array]:
    for place in range(depth):
        for name, kind in _LEVEL.items():
            yield pa.array(rows.levels[name][:, place].astype(kind.to_pandas_dtype()))


def _reason(error: OSError) -> Any:
    return os.strerror(error.errno) if error.errno else error
