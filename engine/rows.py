"""What an observed replay hands over: the evaluations of one slice, their features in columns as the kernel wrote them.

Whoever gets features may keep them: the next slice is written to other memory as long as somebody does. So rows go to
files and to Python without a copy, and memory that was let go of is written to again, with its pages in place.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.layout import HEAD, OUTPUT_LEVEL, SPARE
from lobench.engine.registry import FEATURES

_KEPT: Final = 8
"""Feature buffers that one worker knows of. Those beyond go when nobody has them any more."""
_FEW: Final = 4
"""Rows that fill less than this part of their buffer are copied out of it: they may be kept for long."""


@dataclass(frozen=True)
class Rows:
    """Evaluations of one slice in feed order.

    ``heads``: ``HEAD`` records, shape (n,); ``features``: float64, shape (n, features), each column in one piece;
    ``levels``: ``OUTPUT_LEVEL`` records, shape (n, depth). ``records``: the slice that they were made of, dtype
    ``MBO``, the first of which has number ``first`` in the feed; None where rows come from elsewhere. Features may be
    kept, all else is views of reused buffers: copy what must outlive the call that delivers them.
    """

    heads: npt.NDArray[np.void]
    features: npt.NDArray[np.float64]
    levels: npt.NDArray[np.void]
    records: npt.NDArray[np.void] | None = None
    first: int = 0


class RowBuffers:
    """Where one worker's kernel writes the evaluations of a slice, at most ``rows``; with 0 they are not kept."""

    def __init__(self, rows: int, depth: int) -> None:
        self._rows = rows
        self._heads = np.zeros(max(rows, 1), HEAD)
        self._levels = np.zeros((max(rows, 1), depth), OUTPUT_LEVEL)
        self._blocks: list[npt.NDArray[np.float64]] = []
        self._block = np.zeros((len(FEATURES), 0))

    def aim(self, tap: npt.NDArray[np.void]) -> None:
        """Have the tap write to buffers that nobody looks at."""
        step = int(self._rows > 0)
        tap["heads"], tap["head_step"] = self._heads.ctypes.data, step * HEAD.itemsize
        tap["levels"], tap["level_step"] = self._levels.ctypes.data, step * self._levels.strides[0]
        if step:
            self._block = self._free()
            tap["rows"], tap["column_step"] = self._block.ctypes.data, self._block.strides[0]

    def _free(self) -> npt.NDArray[np.float64]:
        self._block = np.zeros((len(FEATURES), 0))
        for place in range(len(self._blocks)):
            # Views of a block, whoever has them, refer to it.
            if sys.getrefcount(self._blocks[place]) == 2:
                return self._blocks[place]
        self._blocks = [*self._blocks[1 - _KEPT :], np.empty((len(FEATURES), self._rows + SPARE))]
        return self._blocks[-1]

    def rows(self, count: int, records: npt.NDArray[np.void], first: int) -> Rows:
        """The first ``count`` evaluations, put into the order of the slice's ``records``."""
        heads, levels = self._heads[:count], self._levels[:count]
        if (np.diff(heads["record"]) > 0).all():
            columns = self._block[:, :count]
            return Rows(heads, (columns.copy() if count * _FEW < self._rows else columns).T, levels, records, first)
        # Records of several books need not be handled in the feed's order.
        order = _order(heads, len(records), first)
        return Rows(heads[order], np.take(self._block, order, axis=1).T, levels[order], records, first)


def merged(parts: Sequence[Rows]) -> Rows:
    """The rows of several workers for the same slice, in its order."""
    records, first = parts[0].records, parts[0].first
    assert records is not None
    heads = np.concatenate([part.heads for part in parts])
    features = np.concatenate([part.features.T for part in parts], axis=1)
    levels = np.concatenate([part.levels for part in parts])
    order = _order(heads, len(records), first)
    return Rows(heads[order], np.take(features, order, axis=1).T, levels[order], records, first)


def _order(heads: npt.NDArray[np.void], records: int, first: int) -> npt.NDArray[np.int64]:
    """Where each evaluation stands, in the order of their records."""
    places: npt.NDArray[Any] = np.full(records, -1)
    places[heads["record"] - first] = np.arange(len(heads))
    return places[places >= 0]
