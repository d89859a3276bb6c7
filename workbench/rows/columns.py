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
from lobench.engine.rows import Rows
from lobench.workbench.rows.arrays import arrow_columns
from lobench.workbench.rows.by_time import Sampled
from lobench.workbench.rows.chosen import place_of
from lobench.workbench.rows.level_columns import COUNTS, FIELDS, LevelColumns
from lobench.workbench.rows.symbol_column import SYMBOL, SymbolColumn

DEEPEST = 100
"""Levels that two digits can number."""

Symbols = Callable[[], Mapping[int, str]]
"""Names by instrument id that are known by now."""

_TIME = pa.timestamp("ns", tz="UTC")
HEAD = [("ts_event", _TIME), ("instrument_id", pa.uint32()), ("publisher_id", pa.uint16()), ("symbol", SYMBOL)]
_SAMPLED = [("ts_sample", _TIME), ("filled", pa.bool_())]
HEADS = frozenset(name for name, _ in [*HEAD, *_SAMPLED])
"""Columns that say which evaluation a row is."""

# Sizes of levels are sums: they can exceed the 32 bits that Databento's single orders have.
_LEVEL = {name: pa.uint32() if name in COUNTS else pa.int64() for name in FIELDS}


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
        for name in features:
            place_of(name)
        self._features = features
        self._depth, self._timed, self._named = depth, timed, named
        self._levels = LevelColumns(depth) if depth else None
        self._names = SymbolColumn(symbols)
        head = [*HEAD[:1], *(_SAMPLED if timed else []), *HEAD[1 : None if named else -1]]
        levels = [(f"{name}_{place:02d}", kind) for place in range(depth) for name, kind in _LEVEL.items()]
        self.schema = pa.schema([*head, *((name, pa.float64()) for name in features), *levels])

    def batch(self, rows: Rows) -> pa.RecordBatch:
        """A record batch, which may be kept. Rows must have these features; their columns are not copied."""
        arrays = [*self._head(rows), *self._features_of(rows), *self._levels_of(rows)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _features_of(self, rows: Rows) -> Iterator[pa.Array]:
        columns = arrow_columns(rows.features.T)
        # Its columns may be others, or in another order.
        return (columns[rows.names.index(name)] for name in self._features)

    def _head(self, rows: Rows) -> Iterator[pa.Array]:
        heads = rows.heads
        yield _times(heads["ts_event"])
        if self._timed:
            assert isinstance(rows, Sampled), "rows of a sample by time say which interval they end"
            yield _times(rows.ends)
            yield pa.array(rows.filled.astype(np.bool_))
        yield pa.array(heads["instrument_id"])
        yield pa.array(heads["publisher_id"])
        if self._named:
            yield self._names.column(heads["instrument_id"])

    def _levels_of(self, rows: Rows) -> Iterator[pa.Array]:
        if self._levels:
            yield from self._levels.of(rows.levels)


def _times(times: np.ndarray) -> pa.Array:
    if times.min(initial=0) >= 0:
        return pa.array(times).view(_TIME)
    return pa.array(times.view("M8[ns]"), _TIME, mask=times < 0)
