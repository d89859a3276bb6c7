"""Tables of the instruments seen so far and of those wanted: every record asks them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_TABLE = 1 << 24
"""Ids from here on are searched for; venues number their instruments from below."""


class IdSet:
    """A growing set of instrument ids, uint32."""

    def __init__(self) -> None:
        self._table = np.zeros(1 << 10, np.bool_)
        self._large = np.zeros(0, np.uint32)

    def add(self, ids: npt.NDArray[np.uint32]) -> None:
        small = ids[ids < _TABLE]
        if len(small):
            if int(small.max()) >= len(self._table):
                grown = np.zeros(min(_TABLE, 2 * int(small.max()) + 1), np.bool_)
                grown[: len(self._table)] = self._table
                self._table = grown
            self._table[small] = True
        self._large = np.union1d(self._large, ids[ids >= _TABLE])

    def holds(self, ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Of ids, shape (n,), which ones are in it."""
        inside = ids < len(self._table)
        if inside.all():
            return self._table[ids]
        return (inside & self._table[np.where(inside, ids, 0)]) | np.isin(ids, self._large)

    def first_of_new(self, ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        """Places of the first of each id that is not in it yet; they are from now on."""
        new = np.flatnonzero(~self.holds(ids))
        distinct, first = np.unique(ids[new], return_index=True)
        self.add(distinct)
        found: npt.NDArray[np.int64] = new[first]
        return found
