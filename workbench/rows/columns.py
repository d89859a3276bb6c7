"""Rows of a replay as Arrow record batches: the head of each row, features by name, and the best levels of the book.

The head is ``ts_event`` (timestamp[ns, UTC], as in Databento's data frames; null where the record has none, or one
after the year 2262, which does not fit), ``instrument_id`` (uint32), ``publisher_id`` (uint16) and ``symbol`` (a
dictionary of the names that the feed knows, null without one). Rows of a sample by time have ``ts_sample``, the end of
the interval whose last state they are, and ``filled``: whether the book had no evaluation in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from lobench.engine.errors import UsageError
from lobench.engine.replay import Rows
from lobench.workbench.rows.chosen import place_of
from lobench.workbench.rows.sampling import Sampled
from lobench.workbench.rows.symbol_column import SYMBOL, SymbolColumn

DEEPEST = 100
"""Levels that two digits can number."""

Symbols = Callable[[], Mapping[int, str]]
"""Names by instrument id that are known by now."""

_TIME = pa.timestamp("ns", tz="UTC")
HEAD = [("ts_event", _TIME), ("instrument_id", pa.uint32()), ("publisher_id", pa.uint16()), ("symbol", SYMBOL)]
_SAMPLED = [("ts_sample", _TIME), ("filled", pa.bool_())]

# Sizes of levels are sums: they can exceed the 32 bits that Databento's single orders have.
_LEVEL = {
    "bid_px": pa.int64(),
    "ask_px": pa.int64(),
    "bid_sz": pa.int64(),
    "ask_sz": pa.int64(),
    "bid_ct": pa.uint32(),
    "ask_ct": pa.uint32(),
}


class RowColumns:
    """Makes record batches of one schema: ``features`` by name, float64, NaN where undefined, and ``depth`` levels
    named as in Databento's mbp-10 (``bid_px_00`` …). Prices are int64 in 1e-9 units, ``UNDEF_PRICE`` (2^63 - 1) where
    there is no level; sizes int64, counts uint32. ``timed``: the rows are a sample by time.

    Raises UsageError for a feature that does not exist and a depth above 100.
    """

    def __init__(
        self, *, features: Sequence[str] = (), depth: int = 0, symbols: Symbols = dict, timed: bool = False
    ) -> None:
        if not 0 <= depth <= DEEPEST:
            raise UsageError(f"depth must be 1 to {DEEPEST}, was {depth}")
        self._places = [place_of(name) for name in features]
        self._depth, self._timed = depth, timed
        self._names = SymbolColumn(symbols)
        head = [*HEAD[:1], *_SAMPLED, *HEAD[1:]] if timed else HEAD
        levels = [(f"{name}_{place:02d}", kind) for place in range(depth) for name, kind in _LEVEL.items()]
        self.schema = pa.schema([*head, *((name, pa.float64()) for name in features), *levels])

    def batch(self, rows: Rows) -> pa.RecordBatch:
        """A record batch with memory of its own."""
        return pa.record_batch([*self._head(rows), *self._features(rows), *self._levels(rows)], schema=self.schema)

    def _head(self, rows: Rows) -> Iterator[pa.Array]:
        heads = rows.heads
        yield _times(heads["ts_event"])
        if self._timed:
            assert isinstance(rows, Sampled), "rows of a sample by time say which interval they end"
            yield _times(rows.ends)
            yield pa.array(rows.filled.astype(np.bool_))
        yield pa.array(heads["instrument_id"].astype(np.uint32))
        yield pa.array(heads["publisher_id"].astype(np.uint16))
        yield self._names.column(heads["instrument_id"])

    def _features(self, rows: Rows) -> Iterator[pa.Array]:
        if self._places:
            # One copy, in which each column lies by itself.
            whole = len(self._places) == rows.features.shape[1] and self._places == sorted(self._places)
            chosen = rows.features if whole else rows.features[:, self._places]
            yield from map(pa.array, np.array(chosen.T, order="C"))

    def _levels(self, rows: Rows) -> Iterator[pa.Array]:
        for place in range(self._depth):
            for name, kind in _LEVEL.items():
                yield pa.array(rows.levels[name][:, place].astype(kind.to_pandas_dtype()))


def _times(nanoseconds: np.ndarray) -> pa.Array:
    times = np.array(nanoseconds, np.int64)
    return pa.array(times.view("M8[ns]"), _TIME, mask=times < 0)
