"""nautilus_trader: order books of orders in Rust, with levels and queues.

In bulk it takes a stream of Arrow record batches, of which it makes deltas, and deltas of one book in one call. Prices
and sizes are fixed-point numbers of 128 bits there, in units of 1e-16.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from adapter import Adapter, book_key
from changes import Changes
from changes import Preparer as Changing
from nautilus_trader.core import nautilus_pyo3 as nautilus

_ID = "ALL.LOBENCH"
_PRICE_DIGITS = 9
_BYTES = 16
_SCALE = 10 ** (nautilus.FIXED_PRECISION - _PRICE_DIGITS)
"""From 1e-9 to the library's unit. Its numbers of actions (add 1, update 2, delete 3, clear 4) are those of
``changes``; of sides, 1 is buy and 2 sell."""
_ONE = 10**nautilus.FIXED_PRECISION
"""A size of 1."""
_FIXED = pa.binary(_BYTES)
_SCHEMA = pa.schema(
    [
        pa.field("action", pa.uint8(), nullable=False),
        pa.field("side", pa.uint8(), nullable=False),
        pa.field("price", _FIXED, nullable=False),
        pa.field("size", _FIXED, nullable=False),
        pa.field("order_id", pa.uint64(), nullable=False),
        pa.field("flags", pa.uint8(), nullable=False),
        pa.field("sequence", pa.uint64(), nullable=False),
        pa.field("ts_event", pa.uint64(), nullable=False),
        pa.field("ts_init", pa.uint64(), nullable=False),
    ],
    metadata={"instrument_id": _ID, "price_precision": str(_PRICE_DIGITS), "size_precision": "0"},
)


@numba.njit(nogil=True)
def _wide(number: int, factor: int, out: Any) -> None:
    """The product of two 64-bit integers, ``factor`` not negative, in 128 bits, two's complement."""
    low, high = np.uint64(number) & np.uint64(0xFFFFFFFF), number >> 32
    low_factor, high_factor = np.uint64(factor) & np.uint64(0xFFFFFFFF), np.uint64(factor) >> np.uint64(32)
    least = low * low_factor
    middle = (least >> np.uint64(32)) + low * high_factor
    upper = np.int64(middle & np.uint64(0xFFFFFFFF)) + high * np.int64(low_factor)
    out[0] = np.int64((np.uint64(upper) << np.uint64(32)) | (least & np.uint64(0xFFFFFFFF)))
    out[1] = np.int64(middle >> np.uint64(32)) + high * np.int64(high_factor) + (upper >> 32)


@numba.njit(nogil=True)
def _columns(rows: Any, price_scale: int, size_scale: int, out: Any) -> None:
    actions, sides, prices, sizes, ids = out
    for index in range(len(rows)):
        row = rows[index]
        actions[index] = row.action
        sides[index] = 1 if row.side == ord("B") else 2 if row.side == ord("A") else 0
        _wide(row.price, price_scale, prices[index])
        _wide(np.int64(row.size), size_scale, sizes[index])
        ids[index] = row.order_id


class Preparer(Changing):
    """Changes, as one Arrow stream, with the rows of each book in a run."""

    def __call__(self, records: npt.NDArray[np.void]) -> Any:
        rows, runs = Changes(*super().__call__(records))
        kept = np.concatenate([rows[first:stop] for _, first, stop in runs]) if runs else rows[:0]
        n = len(kept)
        out = (
            np.empty(n, np.uint8),
            np.empty(n, np.uint8),
            np.empty((n, 2), np.int64),
            np.empty((n, 2), np.int64),
            np.empty(n, np.uint64),
        )
        _columns(kept, _SCALE, _ONE, out)
        actions, sides, prices, sizes, ids = out
        nothing, zeros = pa.array(np.zeros(n, np.uint8)), pa.array(np.zeros(n, np.uint64))
        columns = [
            pa.array(actions),
            pa.array(sides),
            *(pa.Array.from_buffers(_FIXED, n, [None, pa.py_buffer(column)]) for column in (prices, sizes)),
            pa.array(ids),
            nothing,
            zeros,
            zeros,
            zeros,
        ]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, _SCHEMA) as writer:
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
        return sink.getvalue().to_pybytes(), [(book, stop - first) for book, first, stop in runs]


class ENGINE(Adapter):
    name = "nautilus_trader"
    version = version("nautilus_trader")
    offers = "levels queues"
    leaves_out = "repairs top-of-book"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._id = nautilus.InstrumentId.from_str(_ID)
        self._wrangler = nautilus.OrderBookDeltaDataWrangler(_ID, _PRICE_DIGITS, 0)
        self._books: list[Any] = []

    def preparer(self) -> Preparer:
        return Preparer()

    def feed(self, prepared: tuple[bytes, list[tuple[int, int]]]) -> None:
        stream, runs = prepared
        if not runs:
            return
        deltas = self._wrangler.process_record_batch_bytes(stream)
        first = 0
        for book, count in runs:
            while book >= len(self._books):
                self._books.append(nautilus.OrderBook(self._id, nautilus.BookType.L3_MBO))
            of_book = deltas if len(runs) == 1 else deltas[first : first + count]
            self._books[book].apply_deltas(nautilus.OrderBookDeltas(self._id, of_book))
            first += count

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        found = self._side(instrument_id, publisher_id, side, first + n)[first:]
        return [(level.price.raw // _SCALE, level.size_raw() // _ONE, level.len()) for level in found]

    def orders(
        self, instrument_id: int, publisher_id: int, side: str, price: int, first: int, n: int
    ) -> list[tuple[int, int]]:
        for level in self._side(instrument_id, publisher_id, side, None):
            if level.price.raw == price * _SCALE:
                found = level.get_orders()[first : first + n]
                return [(order.order_id, order.size.raw // _ONE) for order in found]
        return []

    def _side(self, instrument_id: int, publisher_id: int, side: str, depth: int | None) -> list[Any]:
        book = self._preparers[-1].number(book_key(instrument_id, publisher_id))
        if not 0 <= book < len(self._books):
            return []
        return list(self._books[book].bids(depth) if side == "B" else self._books[book].asks(depth))
