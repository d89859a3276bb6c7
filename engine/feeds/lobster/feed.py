"""A file of LOBSTER messages as a feed, with the order book file beside it as its start."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc

from lobench.engine.feeds.ahead import ahead
from lobench.engine.feeds.base import Chunk
from lobench.engine.feeds.byte_stream import ByteStream
from lobench.engine.feeds.dates import day_of, midnight
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.lobster.files import instrument_of, order_book_of, ticker_of
from lobench.engine.feeds.lobster.start import FIRST_ID, Start, no_start, read_start
from lobench.engine.feeds.pieces import Pieces
from lobench.engine.feeds.streamed_file import StreamedFile
from lobench.engine.feeds.tables.problems import TableError
from lobench.engine.records import ADD, ASK, BID, CLEAR, F_BAD_TS_RECV, F_SNAPSHOT, MBO, NO_SIDE, RTYPE_MBO, UNDEF_PRICE

ROOM = 1 << 18
"""Bytes of a file that are handled at a time."""
_LONGEST = 1 << 12
"""Bytes of the longest line."""
_AHEAD = 2
_ROW = re.compile(r"Row #(\d+): ")
_NAMES = ("time", "type", "id", "size", "price", "direction")
_TYPES = {"time": pa.float64(), **{name: pa.int64() for name in _NAMES[1:]}}

Piece = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]
"""Times (s after midnight), float64, shape (n,); type, id, size, price, direction, int64, shape (5, n)."""


class LobsterFeed(StreamedFile):
    """The MBO records of one message file, plain, gzip or zstd.

    The date and the first message are checked here, the others while iterating; both raise ``FeedError``. Where the
    order book file lies beside it (same name, ``orderbook`` for ``message``), its first row is the start. Memory: a few
    megabytes, and 32 to 64 bytes for each order of those that are live at once.
    """

    stable = False
    expected = None

    def __init__(self, source: SourceFile, day: date | None) -> None:
        self._stream = ByteStream(source)
        self._midnight = midnight(day_of(source.name, day))
        self._ticker = ticker_of(source.name)
        self._instrument = instrument_of(self._ticker)
        self._order_book = order_book_of(source.path)
        self._consumed = 0

    @property
    def symbols(self) -> Mapping[int, str]:
        """The ticker that the file's name begins with."""
        return {self._instrument: self._ticker} if self._ticker else {}

    def __iter__(self) -> Iterator[Chunk]:
        with ahead(self._chunks(), _AHEAD) as chunks:
            yield from chunks

    def _chunks(self) -> Generator[Chunk, None, None]:
        # Imported here: importing Numba takes longer than refusing a file.
        from lobench.engine.feeds.live_orders import grown, new_table, shift_of
        from lobench.engine.feeds.lobster.normalizing import DONE, GROW, MOST_RECORDS, normalize

        table = new_table()
        live = np.zeros(1, np.int64)
        start: Start | None = None
        line = 1
        for times, columns in self._pieces():
            if start is None:
                start = self._start(columns)
                yield _chunk(self._opening(start, times))
            row, status = 0, GROW
            while status == GROW:
                # New memory for each: a yielded chunk stays valid while the next one is made.
                out = np.empty(MOST_RECORDS * (len(times) - row), MBO)
                row, count, status = map(
                    int,
                    normalize(
                        times,
                        columns,
                        row,
                        self._midnight,
                        self._instrument,
                        line,
                        out.ctypes.data,
                        table,
                        shift_of(table),
                        start.prices,
                        start.sizes,
                        start.asks,
                        live,
                    ),
                )
                if status == GROW:
                    table = grown(table)
                if count:
                    yield _chunk(out[:count])
            if status != DONE:
                raise self._problem(status, line + row, times[row], columns[:, row])
            line += len(times)

    def _start(self, columns: npt.NDArray[np.int64]) -> Start:
        if self._order_book is None:
            return no_start()
        kind, _, size, price, direction = map(int, columns[:, 0])
        return read_start(self._order_book, kind, price, size, direction)

    def _opening(self, start: Start, times: npt.NDArray[np.float64]) -> npt.NDArray[np.void]:
        """Records before those of the first message: a clear, and an order for each level of the start."""
        records = np.zeros(1 + len(start.prices), MBO)
        records["length"], records["rtype"] = MBO.itemsize // 4, RTYPE_MBO
        records["publisher_id"], records["instrument_id"] = 2, self._instrument
        first = float(times[0])
        at = self._midnight + (round(first * 1e9) if 0 <= first < 90_000 else 0)
        records["ts_event"] = records["ts_recv"] = at
        records["flags"] = F_SNAPSHOT | F_BAD_TS_RECV
        records["action"], records["side"], records["price"] = CLEAR, NO_SIDE, UNDEF_PRICE
        orders = records[1:]
        orders["action"] = ADD
        orders["side"] = np.where(start.asks == 1, ASK, BID)
        orders["price"], orders["size"] = start.prices * 100_000, start.sizes
        orders["order_id"] = np.uint64(FIRST_ID) + np.arange(len(orders), dtype=np.uint64)
        return records

    def _pieces(self) -> Iterator[Piece]:
        """The file's lines as columns, some thousands at a time."""
        threaded = self._stream.compressed is not None
        line, left = 1, b""
        with self._stream.open() as stream, Pieces(stream, ROOM, _LONGEST, threaded=threaded) as pieces:
            for data, begin in pieces:
                text = bytes(data[begin:])
                end = text.rfind(b"\n") + 1
                left = text[end:]
                if len(left) > _LONGEST:
                    raise TableError(self.name, "line", line + text.count(b"\n"), "the line is not terminated")
                pieces.keep(len(left))
                self._consumed = stream.consumed
                if end:
                    yield self._parsed(text[:end], line)
                    line += text.count(b"\n", 0, end)
            if left:
                yield self._parsed(left, line)

    def _parsed(self, text: bytes, line: int) -> Piece:
        """The columns of whole lines, the first of which is number ``line``."""
        try:
            extra = text.partition(b"\n")[0].count(b",") + 1 - len(_NAMES)
            table = pc.read_csv(
                pa.BufferReader(text),
                pc.ReadOptions(
                    use_threads=False,
                    block_size=max(len(text), 1),
                    column_names=[*_NAMES, *(f"more{number}" for number in range(extra))],
                ),
                pc.ParseOptions(quote_char=False, ignore_empty_lines=False),
                pc.ConvertOptions(column_types=_TYPES, include_columns=list(_NAMES), null_values=[]),
            )
        except pa.ArrowInvalid as error:
            said = str(error)
            row = _ROW.search(said)
            problem = said[row.end() :] if row else said
            raise TableError(self.name, "line", line + (int(row[1]) - 1 if row else 0), _one_line(problem)) from error
        arrays = [column.to_numpy() for column in table.itercolumns()]
        return arrays[0], np.array(arrays[1:], np.int64)

    def _problem(self, status: int, line: int, time: float, columns: npt.NDArray[np.int64]) -> TableError:
        from lobench.engine.feeds.lobster.normalizing import BAD_DIRECTION, BAD_PRICE, BAD_SIZE, BAD_TYPE, PROBLEMS

        places = {BAD_TYPE: 0, BAD_SIZE: 2, BAD_PRICE: 3, BAD_DIRECTION: 4}
        value = int(columns[places[status]]) if status in places else time
        return TableError(self.name, "line", line, PROBLEMS[status].format(value=value))


def _chunk(records: npt.NDArray[np.void]) -> Chunk:
    return Chunk(int(records.ctypes.data), MBO.itemsize, len(records), records)


def _one_line(text: str) -> str:
    """The part of a file shown in a message: printable, and not more than one line."""
    shown = " ".join(text.split())
    return (shown if shown.isprintable() else repr(shown))[:300]
