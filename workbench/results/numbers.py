"""Numbers as a reader wants them: as many digits as the interval supports, thousands separated, with their unit."""

from __future__ import annotations

import math
from typing import Final

from lobench.workbench.results.model.intervals import Interval

MILLION: Final = 1e-6
"""From events per second to the millions of them that are shown."""
TIMES: Final = "\N{MULTIPLICATION SIGN}"
"""Unit of speed-ups."""


def integer(value: float) -> str:
    return f"{value:,.0f}"


def significant(value: float) -> str:
    """A number with three significant digits; whole digits are never dropped."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4:
        return f"{value:.2e}"
    return f"{value:,.{max(0, 2 - magnitude)}f}"


def decimals(interval: Interval) -> int:
    """Digits after the point that an interval's width supports: its half-width keeps two significant digits if it
    begins with 1 to 3, else one, as the Particle Data Group rounds."""
    half = abs(interval.high - interval.low) / 2
    if half == 0:
        value = abs(interval.value)
        return 2 if value == 0 else min(4, max(0, 2 - math.floor(math.log10(value))))
    magnitude = math.floor(math.log10(half))
    return min(4, max(0, (1 if half < 4 * 10.0**magnitude else 0) - magnitude))


def estimate(interval: Interval, unit: str = "") -> str:
    return f"{interval.value:,.{decimals(interval)}f}{unit}"


def ends(interval: Interval) -> str:
    """Both ends of the interval."""
    places = decimals(interval)
    return f"{interval.low:,.{places}f} to {interval.high:,.{places}f}"


def limits(interval: Interval) -> str:
    """Both ends of the interval, in one piece where lines break."""
    places = decimals(interval)
    return f"{interval.low:,.{places}f}\u00a0to\u00a0{interval.high:,.{places}f}"


def spelled(interval: Interval, unit: str = "") -> str:
    """The value with its interval, for running text."""
    return f"{estimate(interval, unit)} ({limits(interval)})"


def between(low: float, high: float, unit: str = "") -> str:
    """A range, or one number where both ends are it."""
    return f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"


def percent(fraction: float) -> str:
    """Two significant digits; a small one keeps at most two decimals."""
    value = 100 * fraction
    if value == 0:
        return "0%"
    places = min(2, max(0, 1 - math.floor(math.log10(abs(value)))))
    return f"{value:,.{places}f}%"


def counted(count: int, noun: str, several: str = "") -> str:
    """``1 book``, ``2 books``."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def listed(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
