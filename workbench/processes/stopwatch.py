"""How long another process could work: while this one is stopped (a paused container, SIGSTOP), the other usually is,
too, and that time must not count against it."""

from __future__ import annotations

import time

LONGEST = 1.0
"""Seconds between two readings that count: whoever reads several times a second was stopped in the rest."""


class Stopwatch:
    """Started when it is made; to be read several times a second."""

    def __init__(self) -> None:
        self._read = time.monotonic()
        self._seconds = 0.0

    def seconds(self) -> float:
        """Seconds since the start, without those in which this process was stopped."""
        now = time.monotonic()
        self._seconds += min(now - self._read, LONGEST)
        self._read = now
        return self._seconds
