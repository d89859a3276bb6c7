"""Reads a file of a vendor's books, detected by content: DBN, CSV or Parquet of mbp-10 or mbp-1, or LOBSTER's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from databento_dbn import Metadata

from lobench.engine.errors import FeedError, LobenchError, UsageError
from lobench.engine.feeds.byte_stream import ByteStream
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.header import MAGIC
from lobench.engine.feeds.kinds import PARQUET
from lobench.engine.feeds.lobster.start import NO_PRICE
from lobench.engine.feeds.memory import available_memory
from lobench.engine.feeds.tables.columnar import ColumnarSource
from lobench.engine.feeds.tables.problems import TableError
from lobench.engine.feeds.tables.text import Batch, TextSource
from lobench.engine.feeds.tables.values import UnfitError, codes, integers, scaled, times
from lobench.engine.records import TRADE, UNDEF_PRICE
from lobench.workbench.against.answer import PLACES, UNKNOWN, Answer, seen_edges
from lobench.workbench.converting.schemas import SCHEMAS, Schema

_DEPTHS: Final = {10: "mbp-10", 1: "mbp-1"}
_KEYS: Final = ("instrument_id", "sequence", "ts_event", "action", "price", "size")
_NAMES: Final = {"instrument_id": "instrument", "ts_event": "time"}
_ORDER_BOOK = re.compile(rb"(-?\d+,-?\d+,-?\d+,-?\d+)(,-?\d+,-?\d+,-?\d+,-?\d+)*\r?(\n|$)")
_FIRST_LINE = 1 << 16
_PRELUDE = 8
_ACTIONS = {letter: ord(letter) for letter in "AMCRTFN"}
_SHARE = 0.8

Columns = dict[str, npt.NDArray[np.int64]]


def read_answer(path: str) -> Answer:
    """The rows of a file. Raises ``FeedError`` for other files, UsageError if memory does not hold it."""
    source = SourceFile(path)
    stream = ByteStream(source)
    start = stream.head(_FIRST_LINE)
    if source.size > available_memory() * _SHARE / 4:
        raise UsageError(f"{source.name}: its rows do not fit in memory; compare a shorter one")
    if start.startswith(MAGIC):
        return _of_dbn(stream)
    try:
        if start.startswith(PARQUET):
            return _of_table(ColumnarSource(source))
        if _ORDER_BOOK.match(start):
            depth = (start.partition(b"\n")[0].count(b",") + 1) // 4
            return _of_lobster(source, depth)
        return _of_table(TextSource(source))
    except pa.ArrowException as error:
        raise LobenchError(f"{source.name}: cannot be read: {' '.join(str(error).split())}") from error


def _of_dbn(stream: ByteStream) -> Answer:
    data = _all(stream)
    length = _PRELUDE + int.from_bytes(data[4:_PRELUDE], "little")
    try:
        schema = str(Metadata.decode(bytes(data[:length])).schema)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the decoder is written in Rust; its panics are not Exceptions
        raise stream.fail(0, f"the DBN metadata is not valid: {' '.join(str(error).split())}") from error
    known = SCHEMAS.get(schema)
    if schema not in _DEPTHS.values() or known is None:
        raise stream.fail(0, f"the schema is {schema}; mbp-10 or mbp-1 expected")
    size = known.dtype.itemsize
    body = memoryview(data)[length:]
    if len(body) % size:
        raise stream.fail(len(data), f"the last record is cut short: records of {size} bytes expected")
    rows = np.frombuffer(body, known.dtype)
    wrong = np.flatnonzero((rows["length"] != size // 4) | (rows["rtype"] != known.rtype))
    if len(wrong):
        raise stream.fail(length + int(wrong[0]) * size, f"a record that is not {schema}")
    return _answer(stream.source.name, _of_records(rows, known), known.depth, schema)


def _all(stream: ByteStream) -> bytearray:
    data = bytearray()
    room = memoryview(bytearray(1 << 20))
    with stream.open() as opened:
        while size := opened.fill(room):
            data += room[:size]
    return data


def _of_records(rows: npt.NDArray[np.void], schema: Schema) -> Columns:
    names = [*_KEYS, *(name for level in range(schema.depth) for name in _level_names(level))]
    return {name: rows[name].astype(np.int64) for name in names}


def _of_table(source: ColumnarSource | TextSource) -> Answer:
    depth = next((depth for depth in _DEPTHS if f"bid_px_{depth - 1:02d}" in source.names), 0)
    needed = [*_KEYS, *(name for level in range(depth) for name in _level_names(level))]
    missing = [name for name in needed if name not in source.names]
    if not depth or missing:
        lacks = ", ".join(missing[:3]) or "bid_px_00"
        raise FeedError(source.name, 0, f"expected rows of mbp-10 or mbp-1, or a LOBSTER order book; no column {lacks}")
    parts: list[Columns] = []
    for batch in _batches(source, needed):
        try:
            parts.append({name: _numbers(name, batch.columns[name]) for name in needed})
        except UnfitError as error:
            raise TableError(source.name, batch.place, batch.number(error.row), str(error)) from None
    if not parts:
        raise FeedError(source.name, 0, "holds no rows")
    whole = {name: np.concatenate([part[name] for part in parts]) for name in needed}
    return _answer(source.name, whole, depth, _DEPTHS[depth])


def _batches(source: ColumnarSource | TextSource, needed: list[str]) -> Iterator[Batch]:
    if isinstance(source, ColumnarSource):
        yield from source.batches(needed)
        return
    pretty = not source.sample["ts_event"].isdigit()
    types = {}
    for name in needed:
        if name == "action":
            types[name] = pa.string()
        elif name == "ts_event":
            types[name] = pa.timestamp("ns", tz="UTC") if pretty else pa.uint64()
        elif name == "price" or "_px_" in name:
            types[name] = pa.decimal128(38, 9) if pretty else pa.int64()
        else:
            types[name] = pa.int64()
    yield from source.batches(types)


def _numbers(name: str, column: pa.Array) -> npt.NDArray[np.int64]:
    if name == "action":
        return codes(column, _ACTIONS, name).astype(np.int64)
    if name == "ts_event":
        return times(column, "ns", name).astype(np.int64)
    if name == "price" or "_px_" in name:
        digits = 0 if pa.types.is_integer(column.type) else 9
        return scaled(column, digits, "i8", name, UNDEF_PRICE)
    return integers(column, "i8", name, 0)


def _level_names(level: int) -> list[str]:
    return [f"{place}_{level:02d}" for place in PLACES]


def _answer(name: str, columns: Columns, depth: int, kind: str) -> Answer:
    levels = np.stack(
        [np.stack([columns[place] for place in _level_names(level)], axis=1) for level in range(depth)], axis=1
    )
    keys = {_NAMES.get(key, key): columns[key] for key in _KEYS}
    return Answer(name=name, kind=kind, levels=levels, **keys)


def _of_lobster(source: SourceFile, depth: int) -> Answer:
    """Ask price, ask size, bid price, bid size of each level; row n is the book after message n."""
    names = [f"{what}_{level}" for level in range(depth) for what in ("ask_px", "ask_sz", "bid_px", "bid_sz")]
    table = TextSource(source, names)
    parts: list[npt.NDArray[np.int64]] = []
    for batch in table.batches(dict.fromkeys(names, pa.int64())):
        try:
            parts.append(np.stack([integers(batch.columns[name], "i8", name) for name in names], axis=1))
        except UnfitError as error:
            raise TableError(source.name, batch.place, batch.number(error.row), str(error)) from None
    numbers = np.concatenate(parts).reshape(-1, depth, 4)
    levels = np.full((len(numbers), depth, len(PLACES)), UNKNOWN, np.int64)
    for side, (price, size) in enumerate(((2, 3), (0, 1))):
        none = np.abs(numbers[:, :, price]) == NO_PRICE
        levels[:, :, side] = np.where(none, UNDEF_PRICE, numbers[:, :, price] * 100_000)
        levels[:, :, 2 + side] = np.where(none, 0, numbers[:, :, size])
    zeros = np.zeros(len(levels), np.int64)
    return Answer(
        name=source.name,
        kind="order book",
        levels=levels,
        instrument=zeros,
        sequence=np.arange(1, len(levels) + 1),
        time=zeros,
        action=np.full(len(levels), TRADE, np.int64),
        price=zeros,
        size=zeros,
        edges=seen_edges(levels),
    )
