"""The user's notation for a sample of the rows; its meaning: ``sampling``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lobench.engine.errors import UsageError

_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_WORD = re.compile(r"(\d{1,18})(ns|us|ms|s|m|h|e|v)")


@dataclass(frozen=True)
class Sample:
    """``kind`` is ``time``, ``events``, ``volume``, ``trade`` or ``bbo``; ``step``: nanoseconds, events or units."""

    text: str
    kind: str
    step: int = 1

    @property
    def timed(self) -> bool:
        return self.kind == "time"

    @property
    def depth(self) -> int:
        """Levels that it has to see."""
        return int(self.kind == "bbo")


def parse_sample(text: str) -> Sample:
    """The user's text: ``1s``, ``1000e``, ``10000v``, ``trade``, ``bbo``. Raises UsageError."""
    if text in ("trade", "bbo"):
        return Sample(text, text)
    found = _WORD.fullmatch(text)
    count = int(found[1]) if found else 0
    unit = found[2] if found else ""
    step = count * _UNITS.get(unit, 1)
    if not 0 < step < 2**62:
        raise UsageError(
            f"--sample takes a time (1s, 100ms), events (1000e), volume (10000v), trade or bbo, was '{text}'"
        )
    return Sample(text, {"e": "events", "v": "volume"}.get(unit, "time"), step)
