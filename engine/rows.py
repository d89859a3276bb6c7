"""The output of an observed replay: the evaluations of one slice, with features in the kernel's own columns.

A consumer may keep rows, and read them on any thread: the next slice is written to other memory while they are
referenced. So rows go to files and to Python without a copy while the replay goes on, and released memory is reused,
with its pages in place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.layout import HEAD, OUTPUT_LEVEL, SPARE
from lobench.engine.registry import FEATURES

_KEPT: Final = 12
"""Arrays of a kind that one worker keeps. Excess ones go when they are no longer in use."""
_FEW: Final = 4
"""Rows that fill less than this part of their memory are copied out of it: they may be kept for long."""


class Rows:
    """Evaluations of one slice in feed order.

    ``heads``: ``HEAD`` records, shape (n,); ``features``: float64, shape (n, features), each column in one piece where
    a replay made them; ``levels``: ``OUTPUT_LEVEL`` records, shape (n, depth). ``records``: the slice that they were
    made of, dtype ``MBO``, the first of which has number ``first`` in the feed, as long as its chunk is valid; None
    where rows come from elsewhere. ``disordered``: given in any order, to be put into that of the records.
    """

    def __init__(
        self,
        heads: npt.NDArray[np.void],
        features: npt.NDArray[np.float64],
        levels: npt.NDArray[np.void],
        records: npt.NDArray[np.void] | None = None,
        first: int = 0,
        *,
        disordered: bool = False,
    ) -> None:
        self._heads, self._columns, self._levels = heads, features.T, levels
        self.records, self.first, self._disordered = records, first, disordered
        self._span = 0 if records is None else len(records)

    @cached_property
    def _order(self) -> npt.NDArray[np.int64] | None:
        """Where each row is, None where they are in order."""
        numbers = self._heads["record"]
        if not self._disordered or (np.diff(numbers) > 0).all():
            return None
        places: npt.NDArray[Any] = np.full(self._span, -1)
        places[numbers - self.first] = np.arange(len(numbers))
        return places[places >= 0]

    @cached_property
    def heads(self) -> npt.NDArray[np.void]:
        return self._heads if self._order is None else self._heads[self._order]

    @cached_property
    def features(self) -> npt.NDArray[np.float64]:
        if self._order is not None:
            return np.take(self._columns, self._order, axis=1).T
        count, room = len(self._heads), self._columns.shape[1]
        columns = self._columns[:, :count]
        return (columns.copy() if count * _FEW < room else columns).T

    @cached_property
    def levels(self) -> npt.NDArray[np.void]:
        return self._levels if self._order is None else self._levels[self._order]

    def column(self, feature: int) -> npt.NDArray[np.float64]:
        """One feature by its place among all, shape (n,)."""
        column = self._columns[feature]
        return column[: len(self._heads)] if self._order is None else column[self._order]

    def some(
        self, chosen: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.void], npt.NDArray[np.float64], npt.NDArray[np.void]]:
        """Heads, features and levels of some rows, with memory of their own; the others are not put into order."""
        places = chosen if self._order is None else self._order[chosen]
        features = np.empty((len(self._columns), len(places)))
        for column, into in zip(self._columns, features, strict=True):
            np.take(column, places, out=into, mode="clip")
        return self._heads[places], features.T, self._levels[places]


class _Pool:
    """Arrays of one shape, reused when no longer referenced."""

    def __init__(self, make: Callable[[], npt.NDArray[Any]]) -> None:
        self._make = make
        self._arrays: list[npt.NDArray[Any]] = []

    def take(self) -> npt.NDArray[Any]:
        for place in range(len(self._arrays)):
            # Two references: the list and the argument. Any view of the array adds one.
            if sys.getrefcount(self._arrays[place]) == 2:
                return self._arrays[place]
        self._arrays = [*self._arrays[1 - _KEPT :], self._make()]
        return self._arrays[-1]


class RowBuffers:
    """Where one worker's kernel writes the evaluations of a slice, at most ``rows``; with 0 they are not kept."""

    def __init__(self, rows: int, depth: int) -> None:
        self._rows = rows
        least = max(rows, 1)
        self._pools = (
            _Pool(lambda: np.empty(least, HEAD)),
            _Pool(lambda: np.empty((len(FEATURES), rows + SPARE))),
            _Pool(lambda: np.empty((least, depth), OUTPUT_LEVEL)),
        )
        self._aimed: list[npt.NDArray[Any]] = []

    def aim(self, tap: npt.NDArray[np.void]) -> None:
        """Have the tap write to unused memory."""
        self._aimed = []
        self._aimed = [pool.take() for pool in self._pools]
        heads, features, levels = self._aimed
        step = int(self._rows > 0)
        tap["heads"], tap["head_step"] = heads.ctypes.data, step * HEAD.itemsize
        tap["rows"], tap["column_step"] = features.ctypes.data, step * features.strides[0]
        tap["levels"], tap["level_step"] = levels.ctypes.data, step * levels.strides[0]

    def rows(self, count: int, records: npt.NDArray[np.void], first: int) -> Rows:
        """The first ``count`` evaluations that were written, of the slice's ``records``."""
        heads, features, levels = self._aimed
        return Rows(heads[:count], features.T, levels[:count], records, first, disordered=True)


def merged(parts: Sequence[Rows]) -> Rows:
    """The rows of several workers for the same slice."""
    heads = np.concatenate([part._heads for part in parts])
    features = np.concatenate([part._columns[:, : len(part._heads)] for part in parts], axis=1)
    levels = np.concatenate([part._levels for part in parts])
    return Rows(heads, features.T, levels, parts[0].records, parts[0].first, disordered=True)
