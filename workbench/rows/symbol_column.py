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
    """Makes the column, run by run. ``symbols`` returns the names by instrument id that are known by then.

    Names that become known are appended to the dictionary, so that the one of an earlier run is the beginning of a
    later one's.
    """

    def __init__(self, symbols: Callable[[], Mapping[int, str]]) -> None:
        self._symbols = symbols
        self._known: dict[int, int] = {}
        self._ids = np.zeros(0, np.int64)
        self._places = np.zeros(0, np.int32)
        self._dictionary = pa.array([], pa.string())

    def column(self, instruments: npt.NDArray[Any]) -> pa.DictionaryArray:
        """For instrument ids, shape (n,)."""
        symbols = self._symbols()
        if len(symbols) != len(self._known):
            self._learn(symbols)
        if not len(self._ids):
            return pa.nulls(len(instruments), SYMBOL)
        wanted = instruments.astype(np.int64)
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
        missing = self._ids[places] != wanted
        return pa.DictionaryArray.from_arrays(pa.array(self._places[places], mask=missing), self._dictionary)

    def _learn(self, symbols: Mapping[int, str]) -> None:
        fresh = sorted((number, name) for number, name in symbols.items() if number not in self._known)
        names = pa.array([name for _, name in fresh], pa.string())
        self._dictionary = pa.concat_arrays([self._dictionary, names])
        for number, _ in fresh:
            self._known[number] = len(self._known)
        order = sorted(self._known)
        self._ids = np.array(order, np.int64)
        self._places = np.array([self._known[number] for number in order], np.int32)
