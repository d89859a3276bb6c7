"""Arithmetic that Python's numbers do not have: IEEE division, 64-bit integers, the moving average."""

from __future__ import annotations

import math
from typing import Final

NAN: Final = math.nan
"""An undefined value."""


def divide(a: float, b: float) -> float:
    """a / b as IEEE 754 defines it: x / 0 is an infinity with the sign of both, 0 / 0 is NaN. Never raises."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return NAN
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def int64(x: int) -> int:
    """x modulo 2^64, as a two's complement integer in -2^63 ... 2^63 - 1."""
    return (x + 2**63) % 2**64 - 2**63


def ema(m: float, x: float) -> float:
    """Exponential moving average with alpha 0.1: x if there is no average ``m`` yet (NaN), else m + 0.1 (x - m)."""
    return x if math.isnan(m) else m + 0.1 * (x - m)
