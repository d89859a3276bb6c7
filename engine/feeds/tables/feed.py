"""The feed of one table: read and converted on a thread of its own, ahead of the replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lobench.engine.errors import FeedError
from lobench.engine.feeds.ahead import ahead
from lobench.engine.feeds.base import Chunk
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.problems import UnreadableError, printable
from lobench.engine.feeds.tables.assembly import Assembler, missing_columns
from lobench.engine.feeds.tables.columnar import ColumnarSource
from lobench.engine.feeds.tables.databento import BOOK, NEEDED, databento
from lobench.engine.feeds.tables.mapping import TIMES, TableMapping, load_mapping
from lobench.engine.feeds.tables.problems import TableError
from lobench.engine.feeds.tables.text import Batch, TextSource
from lobench.engine.feeds.tables.values import UnfitError
from lobench.engine.records import MBO

_TEXT = pa.dictionary(pa.int32(), pa.string())


class TableFeed:
    """The MBO records of a CSV or Parquet file.

    Its columns are checked at construction, its rows during the iteration; both raise ``FeedError``. Without a
    ``mapping`` it must be one of Databento's tables.
    """

    stable = False
    learns_symbols = True

    def __init__(self, source: TextSource | ColumnarSource, mapping: TableMapping | None) -> None:
        self._source = source
        known = mapping or databento(source.names, raw_prices=_raw_prices(source))
        if known is None:
            raise UnreadableError(source.name, _strange(source.names))
        missing = missing_columns(known, source.names)
        if missing:
            raise UnreadableError(source.name, f"mapping {known.name}: no column {', '.join(missing)}")
        self._mapping = known
        self._assembler = Assembler(known, source.names)
        self._columns = [name for name in known.needed() if name in source.names]

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def expected(self) -> int | None:
        return self._source.expected

    @property
    def progress(self) -> float:
        return self._source.progress

    @property
    def other_records(self) -> dict[int, int]:
        return dict(self._assembler.other_records)

    @property
    def skipped(self) -> dict[str, int]:
        """Rows without a record, by kind, counted by the last iteration."""
        return dict(self._assembler.skipped)

    @property
    def symbols(self) -> Mapping[int, str]:
        return self._assembler.symbols

    def __iter__(self) -> Iterator[Chunk]:
        self._assembler = Assembler(self._mapping, self._source.names)
        with ahead(self._records(self._assembler)) as pieces:
            for made in pieces:
                yield Chunk(made.ctypes.data, MBO.itemsize, len(made), made)

    def _records(self, assembler: Assembler) -> Iterator[npt.NDArray[np.void]]:
        for batch in self._batches():
            try:
                made = assembler.records(batch)
            except UnfitError as error:
                raise self._fail(batch, error) from None
            if len(made):
                yield made

    def _fail(self, batch: Batch, error: UnfitError) -> FeedError:
        return TableError(self.name, batch.place, batch.number(error.row), printable(str(error)))

    def _batches(self) -> Iterator[Batch]:
        source = self._source
        if isinstance(source, ColumnarSource):
            # For Parquet, decoding and assembling take about equally long; for text, parsing takes nearly all the time.
            with ahead(source.batches(self._columns)) as batches:
                yield from batches
        else:
            yield from source.batches({name: self._type(field, name, source) for field, name in self._fields()})

    def _fields(self) -> list[tuple[str, str]]:
        """Each column that is read, with the field that it is for."""
        found = {name: field for field, names in self._mapping.columns.items() for name in names}
        return [(found[name], name) for name in self._columns]

    def _type(self, field: str, column: str, source: TextSource) -> pa.DataType:
        """The parsed type of a column of text."""
        mapping, sample = self._mapping, source.sample[column]
        if field in ("action", "side", "symbol"):
            return _TEXT
        if field in TIMES:
            if _is_date(sample):
                return pa.timestamp("ns", tz="UTC" if _has_zone(sample) else None)
            digits = {"s": 9, "ms": 6, "us": 3, "ns": 0}[mapping.time_unit]
            return pa.uint64() if digits == 0 else pa.decimal128(38, digits)
        if field in ("price", "size"):
            digits = mapping.price_digits if field == "price" else mapping.size_digits
            return pa.int64() if digits == 0 and "." not in sample else pa.decimal128(38, digits)
        if field == "order_id":
            return pa.uint64() if mapping.order_ids == "integer" else pa.string()
        return pa.int64() if field == "ts_in_delta" else pa.uint64()


def open_table(source: SourceFile, *, parquet: bool, mapping: str | None = None) -> TableFeed:
    """The feed of a table; ``mapping`` names a shipped one or a file. Raises ``FeedError``, and UsageError for the
    mapping."""
    known = load_mapping(mapping) if mapping else None
    if parquet:
        return TableFeed(ColumnarSource(source), known)
    return TableFeed(TextSource(source, known.header if known else None, known.delimiter if known else ","), known)


def _raw_prices(source: TextSource | ColumnarSource) -> bool:
    """Whether a table of Databento's counts prices in 1e-9."""
    if "price" not in source.names:
        return False
    if isinstance(source, ColumnarSource):
        return bool(pa.types.is_integer(source.types["price"]))
    price = source.sample["price"]
    return "." not in price if price else not _is_date(source.sample.get("ts_event", ""))


def _strange(names: list[str]) -> str:
    if BOOK in names:
        return "holds books, not orders; expected an mbo table (market by order)"
    missing = ", ".join(name for name in NEEDED if name not in names)
    return f"is not a Databento mbo table: no column {missing}; --mapping FILE reads other tables"


def _is_date(text: str) -> bool:
    return "-" in text[1:] or ":" in text


def _has_zone(text: str) -> bool:
    time = text[10:]
    return time.endswith(("Z", "z")) or "+" in time or "-" in time
