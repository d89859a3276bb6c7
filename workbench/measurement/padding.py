"""Moves the heap's next blocks at random: the place of memory makes a percent or two of difference."""

from __future__ import annotations

import random

_PIECES, _BELOW = 16, 4096
"""Pieces of memory, and below how many bytes each."""


def padding(rng: random.Random) -> list[bytes]:
    """Pieces of memory to hold while the measured code allocates its own."""
    return [bytes(rng.randrange(_BELOW)) for _ in range(_PIECES)]
