"""What may be fitted to a feed without compiling anything anew: the run-time parameters of the packed layout."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True)
class Parameters:
    """Parameters of the packed layout; they change how fast a replay is, never what it computes.

    ``block``: records that are looked at together ahead of time, a power of two; the first look is two blocks ahead.
    ``least_lines``: lines of the order table at least. ``fullest``: of 64 slots, how many may be taken before the table
    grows; ``after``: how many are taken when it has grown. ``ahead_bytes``: from what size of tables and levels on it
    pays to look ahead. ``widest``: ticks of a window at most, a power of two.
    """

    block: int = 16
    least_lines: int = 2048
    fullest: int = 38
    after: int = 27
    ahead_bytes: int = 1 << 20
    widest: int = 1 << 16


DEFAULTS: Final = Parameters()
NAMES: Final = tuple(field.name for field in fields(Parameters))
RING: Final = 128
"""Books found ahead are kept for so many records: three blocks and more."""
