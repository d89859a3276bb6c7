"""Levels of books as the columns of a record batch: one for each field of each level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lobench.engine.compiling import entry
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.native import uint64
from lobench.engine.reused import Pool
from lobench.engine.rows import OUTPUT_SLICE
from lobench.workbench.rows.arrays import arrow_columns

FIELDS: Final = OUTPUT_LEVEL.names or ()
COUNTS: Final = tuple(name for name in FIELDS if name.endswith("_ct"))
"""Fields of 32 bits, which are the last ones; all others have 64."""

_TURNED: Final = 64
"""Rows that are transposed at a time: few enough to stay in the nearest cache."""
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

    def of(self, levels: npt.NDArray[np.void]) -> Iterator[pa.Array]:
        """The columns of ``levels``, ``OUTPUT_LEVEL`` of shape (n, ``depth`` or more): level by level, in the order of
        the fields. They may be kept."""
        rows = len(levels)
        if rows > OUTPUT_SLICE or rows * _FEW < OUTPUT_SLICE:
            made = self._room(rows, True), self._room(rows, False)
        else:
            made = self._wide.take(), self._narrow.take()
        numbers = np.ascontiguousarray(levels).view(np.int64).reshape(rows, levels.shape[1] * len(FIELDS))
        _turn(numbers, self._depth, *made)
        wide, narrow = (iter(arrow_columns(columns[:, :rows])) for columns in made)
        for _ in range(self._depth):
            for name in FIELDS:
                yield next(narrow if name in COUNTS else wide)


@entry
def _turn(
    numbers: npt.NDArray[np.int64], depth: int, wide: npt.NDArray[np.int64], narrow: npt.NDArray[np.uint32]
) -> None:
    """Write the levels of rows, ``numbers`` of shape (n, 6 per level), to columns: the first four fields of each level
    to ``wide``, the last two to ``narrow``."""
    # Unsigned indices of flat arrays: no index is checked for being negative, which would take half of the time.
    source, width = numbers.ravel(), uint64(numbers.shape[1])
    to_wide, to_narrow, room = wide.ravel(), narrow.ravel(), uint64(wide.shape[1])
    for start in range(0, len(numbers), _TURNED):
        rows = uint64(min(_TURNED, len(numbers) - start))
        for level in range(depth):
            for field in range(4):
                first = uint64(start) * width + uint64(6 * level + field)
                place = uint64(4 * level + field) * room + uint64(start)
                for row in range(rows):
                    to_wide[place + row] = source[first + row * width]
            for field in range(2):
                first = uint64(start) * width + uint64(6 * level + 4 + field)
                place = uint64(2 * level + field) * room + uint64(start)
                for row in range(rows):
                    to_narrow[place + row] = uint64(source[first + row * width])
