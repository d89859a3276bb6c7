"""The column of instruments' names in files that are written: dictionary-encoded, null where there is no name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SYMBOL: Final = pa.dictionary(pa.int32(), pa.string())
"""Type of the column."""


class SymbolColumn:
    """Makes the column, run by run. ``symbols`` returns the names by instrument id that are known by then."""

    def __init__(self, symbols: Callable[[], Mapping[int, str]]) -> None:
        self._symbols = symbols
        self._known: Mapping[int, str] = {}
        self._ids = np.zeros(0, np.int64)
        self._dictionary = pa.array([], pa.string())

    def column(self, instruments: npt.NDArray[Any]) -> pa.DictionaryArray:
        """For instrument ids, shape (n,)."""
        symbols = self._symbols()
        if len(symbols) != len(self._known):
            self._known = dict(sorted(symbols.items()))
            self._ids = np.array([*self._known], np.int64)
            self._dictionary = pa.array([*self._known.values()], pa.string())
        if not len(self._ids):
            return pa.nulls(len(instruments), SYMBOL)
        wanted = instruments.astype(np.int64)
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
        missing = self._ids[places] != wanted
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32), mask=missing), self._dictionary)
