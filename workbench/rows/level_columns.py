"""Levels of books as the columns of a record batch: one for each field of each level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.native import uint64
from lobench.engine.reused import Pool
from lobench.engine.rows import OUTPUT_SLICE

FIELDS: Final = OUTPUT_LEVEL.names or ()
COUNTS: Final = tuple(name for name in FIELDS if name.endswith("_ct"))
"""Fields of 32 bits, which are the last ones; all others have 64."""

_TURNED: Final = 256
"""Rows that are transposed at a time: few enough to stay in the second-level cache."""
_FEW: Final = 4
"""Columns of fewer rows than 1 / ``_FEW`` of a slice get memory of their own size."""


class LevelColumns:
    """Makes the columns of the ``depth`` best levels."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._wide, self._narrow = (
            Pool(lambda: self._room(OUTPUT_SLICE, True)),
            Pool(lambda: self._room(OUTPUT_SLICE, False)),
        )
        # Compiles the function that it calls.
        assert len([*self.of(np.zeros((0, depth), OUTPUT_LEVEL))]) == depth * len(FIELDS)

    def _room(self, rows: int, wide: bool) -> npt.NDArray[Any]:
        count = len(FIELDS) - len(COUNTS) if wide else len(COUNTS)
        return np.empty((self._depth * count, rows), np.int64 if wide else np.uint32)

    def of(self, levels: npt.NDArray[np.void]) -> Iterator[npt.NDArray[Any]]:
        """The columns of ``levels``, ``OUTPUT_LEVEL`` of shape (n, ``depth`` or more): level by level, in the order of
        the fields. They may be kept."""
        rows = len(levels)
        if rows > OUTPUT_SLICE or rows * _FEW < OUTPUT_SLICE:
            made = self._room(rows, True), self._room(rows, False)
        else:
            made = self._wide.take(), self._narrow.take()
        numbers = np.ascontiguousarray(levels).view(np.int64).reshape(rows, levels.shape[1] * len(FIELDS))
        _turn(numbers, self._depth, *made)
        wide, narrow = (iter(columns[:, :rows]) for columns in made)
        for _ in range(self._depth):
            for name in FIELDS:
                yield next(narrow if name in COUNTS else wide)


@entry
def _turn(
    numbers: npt.NDArray[np.int64], depth: int, wide: npt.NDArray[np.int64], narrow: npt.NDArray[np.uint32]
) -> None:
    """Write the levels of rows, ``numbers`` of shape (n, 6 per level), to columns: the first four fields of each level
    to ``wide``, the last two to ``narrow``."""
    for start in range(0, len(numbers), _TURNED):
        stop = min(start + _TURNED, len(numbers))
        for level in range(depth):
            for field in range(4):
                for row in range(start, stop):
                    wide[4 * level + field, row] = numbers[row, 6 * level + field]
            for field in range(2):
                for row in range(start, stop):
                    narrow[2 * level + field, row] = uint64(numbers[row, 6 * level + 4 + field])
