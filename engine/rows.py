"""The output of an observed replay: the evaluations of one slice as rows, in columns written by kernels.

Receivers may keep rows and read them on any thread: as long as rows are in use, later slices are written to other
memory. So rows reach files and Python without a copy while the replay continues, and released memory is reused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.feeds.base import Chunk
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.native import DOUBLE, view
from lobench.engine.picking import GROUP, Pick, pick_all, write_heads
from lobench.engine.registry import FEATURES
from lobench.engine.reused import Pool

HEADS: Final = {"record": np.int64, "ts_event": np.int64, "instrument_id": np.uint32, "publisher_id": np.uint16}
"""Identify a row's evaluation: the record's number in the feed, and the record's own fields."""

OUTPUT_SLICE: Final = 16_384
"""Records per slice when most evaluations become rows: few enough that the rows are still in the processor's cache
when they are read."""
_FEW: Final = 4
"""Rows that fill less than 1 / ``_FEW`` of a slice's memory get memory of their own size, as their receiver may keep
them for a long time."""
_SPARE: Final = 72
"""Spare rows at the end of each column: without them, columns would start a power of two apart and compete for the
same set of the cache."""


class Rows:
    """Evaluations in the order of the feed.

    ``heads``: by name as in ``HEADS``, shape (n,). ``features``: float64, shape (n, features), each column contiguous;
    ``names``: their names (default: all features). ``levels``: ``OUTPUT_LEVEL`` records, shape (n, depth). ``note``:
    returned by the pick that chose these rows (``lobench.engine.picking``).
    """

    def __init__(
        self,
        heads: Mapping[str, npt.NDArray[Any]],
        features: npt.NDArray[np.float64],
        levels: npt.NDArray[np.void],
        names: Sequence[str] | None = None,
        note: Any = None,
    ) -> None:
        self.heads, self.features, self.levels, self.note = heads, features, levels, note
        self.names = tuple(FEATURES if names is None else names)

    def __len__(self) -> int:
        return len(self.heads["record"])

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """One feature, shape (n,)."""
        return self.features[:, self.names.index(name)]

    def some(self, chosen: npt.NDArray[np.int64]) -> Rows:
        """A copy of the rows at these indices; for an index out of range, an arbitrary row."""
        heads = {name: column.take(chosen, mode="clip") for name, column in self.heads.items()}
        columns = np.empty((len(self.names), len(chosen)))
        # numpy would have to be asked for each feature.
        take_rows(self.features.ctypes.data, *self.features.strides, len(self), chosen, columns)
        return Rows(heads, columns.T, self.levels.take(chosen, axis=0, mode="clip"), self.names)


def joined(parts: Sequence[Rows]) -> Rows:
    """The parts concatenated, as a copy."""
    heads = {name: np.concatenate([part.heads[name] for part in parts]) for name in HEADS}
    columns = np.concatenate([part.features.T for part in parts], axis=1)
    return Rows(heads, columns.T, np.concatenate([part.levels for part in parts]), parts[0].names)


@entry
def take_rows(
    address: int,
    row_step: int,
    column_step: int,
    rows: int,
    chosen: npt.NDArray[np.int64],
    columns: npt.NDArray[np.float64],
) -> None:
    """Copy the chosen ones of ``rows`` rows of doubles at an address to ``columns``, shape (features, len(chosen)). For
    an index out of range, an arbitrary row."""
    for column in range(len(columns)):
        for place in range(len(chosen)):
            row = min(max(chosen[place], 0), rows - 1)
            source = view(address + row * row_step + column * column_step, DOUBLE)
            columns[column, place] = source["value"]


class RowBuffers:
    """The memory to which a replay's kernels write the rows of a slice of at most ``most`` records: ``features`` by
    name, and ``depth`` levels."""

    def __init__(self, most: int, features: Sequence[str], depth: int) -> None:
        self._most, self._names, self._depth = most, tuple(features), depth
        self._chosen = np.array([list(FEATURES).index(name) for name in features], np.int64)
        self._places = np.zeros(-(-most // GROUP) * GROUP, np.int32)
        self._pools = [Pool(make) for make in self._makers(most)]
        # Compiles the functions that it calls.
        self.pick(pick_all, Chunk(address=0, stride=0, count=0, owner=None), (0, 0), 0)

    def _makers(self, room: int) -> list[Any]:
        """Functions that allocate the arrays of ``room`` rows: heads, features, levels."""
        return [
            *(lambda kind=kind: np.empty(room, kind) for kind in HEADS.values()),
            lambda: np.empty((len(self._names), room + _SPARE)),
            lambda: np.empty((room, self._depth), OUTPUT_LEVEL),
        ]

    def pick(self, pick: Pick, part: Chunk, flags: tuple[int, int], first: int) -> Rows:
        """The rows of a slice whose first record has the number ``first``. Their heads are filled in; features and
        levels are yet to be written."""
        count, note = pick(part, flags, self._places)
        few = count * _FEW < self._most
        made = [make() for make in self._makers(count)] if few else [pool.take() for pool in self._pools]
        *heads, columns, levels = made
        write_heads(part.address, part.stride, part.count, self._places, first, *heads)
        named = {name: column[:count] for name, column in zip(HEADS, heads, strict=True)}
        return Rows(named, columns[:, :count].T, levels[:count], self._names, note)

    def aim(self, tap: npt.NDArray[np.void], rows: Rows, first: int) -> None:
        """Set up a tap so that its kernel writes these rows."""
        tap["places"], tap["first"] = self._places.ctypes.data, first
        tap["chosen"], tap["columns"] = self._chosen.ctypes.data, len(self._chosen)
        tap["rows"], tap["column_step"] = rows.features.ctypes.data, rows.features.strides[1]
        tap["levels"], tap["level_step"] = rows.levels.ctypes.data, rows.levels.strides[0]
