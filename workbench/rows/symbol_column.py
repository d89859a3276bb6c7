"""The column of instruments' names in written files: dictionary-encoded, null without a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SYMBOL: Final = pa.dictionary(pa.int32(), pa.string())
"""Type of the column."""

_TABLE: Final = 1 << 22
"""Ids from here on are searched for; of smaller ones a table says where the name is."""


class SymbolColumn:
    """Makes the column, run by run. ``symbols`` returns the names by instrument id that are known by then."""

    def __init__(self, symbols: Callable[[], Mapping[int, str]]) -> None:
        self._symbols = symbols
        self._known: Mapping[int, str] = {}
        self._ids = np.zeros(0, np.int64)
        self._table = np.zeros(0, np.int32)
        self._dictionary = pa.array([], pa.string())

    def column(self, instruments: npt.NDArray[Any]) -> pa.DictionaryArray:
        """For instrument ids, shape (n,)."""
        symbols = self._symbols()
        if len(symbols) != len(self._known):
            self._learn(symbols)
        if not len(self._ids):
            return pa.nulls(len(instruments), SYMBOL)
        if len(self._table):
            # Ids from its last one on have no name.
            places = self._table.take(instruments, mode="clip")
            missing = places < 0
        else:
            wanted = instruments.astype(np.int64)
            places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1).astype(np.int32)
            missing = self._ids[places] != wanted
        indices = pa.array(places, mask=missing if missing.any() else None)
        return pa.DictionaryArray.from_arrays(indices, self._dictionary, safe=False)

    def _learn(self, symbols: Mapping[int, str]) -> None:
        self._known = dict(sorted(symbols.items()))
        self._ids = np.array([*self._known], np.int64)
        self._dictionary = pa.array([*self._known.values()], pa.string())
        last = max(self._known, default=-1)
        self._table = np.full(last + 2 if last < _TABLE else 0, -1, np.int32)
        if len(self._table):
            self._table[self._ids] = np.arange(len(self._ids))
