"""The run-time parameters of the packed layout, which can be fitted to a feed without recompiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from lobench.engine.parameters import NEVER, LayoutParameters, Range
from lobench.engine.records import BATCH

RING: Final = 128
"""Results of looking ahead are kept for this many records: three distances and more."""
LEAST_GAP: Final = 4
"""Free slots, of 64, between two growths of the table: with fewer it would do nothing but grow."""
SHARES: Final = 64
"""Parameters give the fullness of the table in 64ths."""
LINE_SLOTS: Final = 4
"""Slots of a line of the table."""
RANGES: Final = {
    "distance": Range(1, RING // 4),
    "least_lines": Range(16, 1 << 22),
    "fullest": Range(12, 56),
    "after": Range(8, 52),
    "ahead_bytes": Range(0, NEVER),
    "widest": Range(64, 1 << 20, powers=True),
    "per_level": Range(1, 1 << 10),
    "grouped": Range(0, NEVER),
    "together": Range(BATCH, 1 << 20, powers=True),
}
"""Parameter to its range. A table of 2^22 lines takes 400 MB per worker, from the first record on."""


def lines_for(orders: int, share: int) -> int:
    """Lines of a table that ``orders`` fill up to ``share`` of 64 slots."""
    return orders * SHARES // (share * LINE_SLOTS) + 1


@dataclass(frozen=True)
class Parameters(LayoutParameters):
    """``distance``: how many records ahead a record's levels are prefetched; its order and its book, twice as many.
    ``least_lines``: least number of lines of the order table. ``fullest``: of 64 slots, how many may be taken before
    the table grows; ``after``: how many are taken after it has grown. ``ahead_bytes``: the size of tables and levels
    from which looking ahead pays. ``widest``: most ticks of a window, a power of two; ``per_level``: most ticks for
    each of its book's levels. ``grouped``: the number of books from which a batch's records are handled book by book;
    ``together``: how many records are where books do not fit in the cache, and nothing observes the ends of batches; a
    copy of them takes 72 bytes for each.
    """

    RANGES: ClassVar[Mapping[str, Range]] = RANGES

    distance: int = 12
    least_lines: int = 2048
    fullest: int = 38
    after: int = 25
    ahead_bytes: int = 1 << 20
    widest: int = 1 << 16
    per_level: int = 16
    grouped: int = 8
    together: int = 1 << 15

    def sized(self, orders: int) -> Parameters:
        """A table with room for all of these orders, so that it does not grow."""
        wanted = min(lines_for(orders, self.after), RANGES["least_lines"].high)
        return replace(self, least_lines=max(self.least_lines, wanted))

    def check(self) -> None:
        if self.after > self.fullest - LEAST_GAP:
            raise ValueError(f"after must be at most fullest - {LEAST_GAP}, was {self.after} with {self.fullest}")


DEFAULTS: Final = Parameters()
NAMES: Final = Parameters.names()
assert tuple(RANGES) == NAMES
