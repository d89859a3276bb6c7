"""What a heap gives next, moved at random: where memory lies makes a percent or two of difference."""

from __future__ import annotations

import random

_PIECES, _BELOW = 16, 4096
"""Pieces of memory, and below how many bytes each."""


def padding(rng: random.Random) -> list[bytes]:
    """Pieces of memory to be held while what is measured takes its own."""
    return [bytes(rng.randrange(_BELOW)) for _ in range(_PIECES)]
