"""The first hash of packed orders, for ids that collide."""

from __future__ import annotations

_GOLDEN = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio."""


def scatter_of(lines: int) -> int:
    """What an id is multiplied by, modulo 2^64: one line of the table an id, and 0.618 lines more after all lines."""
    step = (2**64 - 1) // lines
    return (step + ((step * _GOLDEN) >> 64) // lines) | 1
