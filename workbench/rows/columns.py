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
from lobench.engine.registry import FEATURES
from lobench.engine.rows import Rows
from lobench.workbench.rows.chosen import place_of
from lobench.workbench.rows.sampling import Sampled
from lobench.workbench.rows.symbol_column import SYMBOL, SymbolColumn

DEEPEST = 100
"""Levels that two digits can number."""

Symbols = Callable[[], Mapping[int, str]]
"""Names by instrument id that are known by now."""

_TURNED = 256
"""Rows of levels whose columns are written at a time: so few that they stay in the second-level cache."""

_TIME = pa.timestamp("ns", tz="UTC")
HEAD = [("ts_event", _TIME), ("instrument_id", pa.uint32()), ("publisher_id", pa.uint16()), ("symbol", SYMBOL)]
_SAMPLED = [("ts_sample", _TIME), ("filled", pa.bool_())]

# A level's size is a sum: it can exceed the 32 bits of a single order's size.
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
    there is no level; sizes int64, counts uint32. ``timed``: the rows are a sample by time. ``named``: they have a
    column of symbols.

    Raises UsageError for a feature that does not exist and a depth above 100.
    """

    def __init__(
        self,
        *,
        features: Sequence[str] = (),
        depth: int = 0,
        symbols: Symbols = dict,
        timed: bool = False,
        named: bool = True,
    ) -> None:
        if not 0 <= depth <= DEEPEST:
            raise UsageError(f"depth must be 1 to {DEEPEST}, was {depth}")
        self._places = [place_of(name) for name in features]
        self._depth, self._timed, self._named = depth, timed, named
        self._names = SymbolColumn(symbols)
        head = [*HEAD[:1], *(_SAMPLED if timed else []), *HEAD[1 : None if named else -1]]
        levels = [(f"{name}_{place:02d}", kind) for place in range(depth) for name, kind in _LEVEL.items()]
        self.schema = pa.schema([*head, *((name, pa.float64()) for name in features), *levels])

    def batch(self, rows: Rows) -> pa.RecordBatch:
        """A record batch that may be kept; the columns of features are those of the rows, not copied."""
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
        if self._named:
            yield self._names.column(heads["instrument_id"])

    def _features(self, rows: Rows) -> Iterator[pa.Array]:
        if len(self._places) < len(FEATURES):
            # Copy: a few columns must not keep the memory of all.
            yield from (pa.array(rows.column(place).copy()) for place in self._places)
        else:
            yield from (pa.array(np.ascontiguousarray(rows.features[:, place])) for place in self._places)

    def _levels(self, rows: Rows) -> Iterator[pa.Array]:
        if not self._depth:
            return
        numbers = np.ascontiguousarray(rows.levels[:, : self._depth]).view(np.int64)
        columns = np.empty(numbers.shape[::-1], np.int64)
        for start in range(0, len(numbers), _TURNED):
            columns[:, start : start + _TURNED] = numbers[start : start + _TURNED].T
        for column, kind in zip(columns, [*_LEVEL.values()] * self._depth, strict=True):
            yield pa.array(column.astype(kind.to_pandas_dtype(), copy=False))


def _times(nanoseconds: np.ndarray) -> pa.Array:
    times = np.array(nanoseconds, np.int64)
    if times.min(initial=0) >= 0:
        return pa.array(times).view(_TIME)
    return pa.array(times.view("M8[ns]"), _TIME, mask=times < 0)
