"""Records as Parquet columns, named and typed as the vendor's: fixed prices, times as timestamps, names as a
dictionary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from lobench.engine.errors import LobenchError
from lobench.workbench.converting.schemas import UNDEF_TIME, Schema
from lobench.workbench.rows.symbol_column import SYMBOL, SymbolColumn

GROUP = 1 << 18
"""Rows of a row group."""
_TIME = pa.timestamp("ns", tz="UTC")
_TEXT = SYMBOL
_FEW = ("rtype", "publisher_id", "instrument_id", "channel_id", "flags", "depth", "size")
"""Columns with few distinct values: next to nothing as a dictionary."""
_STEADY = 4
"""Bytes from which on numbers are written as their differences from row to row; but for ids, which have no order. That
is as small as zstd makes them as they are, and with lz4 read in little more than half of the time."""
_LETTERS = pa.array([chr(code) for code in range(256)])


class Columns:
    """A Parquet file that takes records; leave its context to finish it."""

    def __init__(self, sink: Any, schema: Schema, symbols: Callable[[], Mapping[int, str]], raw: bool) -> None:
        self._fields, self._raw = schema.fields, raw
        types = [(name, self._type(name, schema.dtype[name])) for name in schema.fields]
        self._schema = pa.schema([*types, ("symbol", SYMBOL)])
        texts = [name for name, kind in zip(self._schema.names, self._schema.types, strict=True) if kind == _TEXT]
        few = [*texts, *_FEW]
        others = [name for name in schema.fields if name not in (*few, "order_id")]
        steady = {name: "DELTA_BINARY_PACKED" for name in others if schema.dtype[name].itemsize >= _STEADY}
        self._writer = pq.ParquetWriter(
            sink, self._schema, compression="lz4", use_dictionary=few, column_encoding=steady
        )
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._names = SymbolColumn(symbols)

    def write(self, records: npt.NDArray[np.void]) -> None:
        arrays = [self._array(records, name) for name in self._fields]
        arrays.append(self._names.column(records["instrument_id"]))
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        self._rows += len(records)
        if self._rows >= GROUP:
            self._flush()

    def _type(self, name: str, dtype: np.dtype[Any]) -> pa.DataType:
        if name in ("action", "side"):
            return _TEXT
        if name in ("ts_event", "ts_recv") and not self._raw:
            return _TIME
        return pa.from_numpy_dtype(dtype.newbyteorder("="))

    def _array(self, records: npt.NDArray[np.void], name: str) -> pa.Array:
        values = np.ascontiguousarray(records[name])
        kind = self._schema.field(name).type
        if kind == _TEXT:
            return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), _LETTERS)
        if kind == _TIME:
            none = values == UNDEF_TIME
            if (values[~none] >= 2**63).any():
                raise LobenchError(
                    f"{name} holds times after the year 2262, which no timestamp can hold; --raw writes them"
                )
            return pa.array(values.view("M8[ns]"), kind, mask=none)
        return pa.array(values, kind)

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting).unify_dictionaries())
            self._waiting.clear()
            self._rows = 0

    def __enter__(self) -> Columns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            self._writer.close()
        else:
            # The rest of the file is discarded anyway.
            with suppress(OSError, pa.ArrowException):
                self._writer.close()
