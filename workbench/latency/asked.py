"""The request of a latency measurement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPEEDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
BOUND: Final = 100_000.0
PASSES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Asked:
    """``speeds``: factors by which events arrive faster than they did; ``bound``: ns within which 99.9 % must be
    answered; ``block``: limit for the records of a call, never above the variant's own; None: the variant's own;
    ``passes``: over the feed, for each figure."""

    speeds: tuple[float, ...] = SPEEDS
    bound: float = BOUND
    block: int | None = None
    passes: int = PASSES
