"""The one kind of interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval. Of a ratio, above 1 is faster, except for the bias of lock-step, which is a
    ratio of times."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Interval:
        """The same in another unit."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)

    def within(self, low: float, high: float) -> Interval:
        """The same, its ends no further than these bounds."""
        return Interval(self.value, max(low, self.low), min(high, self.high))

    def at_least(self, least: float) -> Interval:
        """The same with nothing below ``least``."""
        return Interval(max(least, self.value), max(least, self.low), max(least, self.high))

    @property
    def half_width(self) -> float:
        """The wider half of a ratio's interval, a fraction of the ratio."""
        return max(self.high / self.value, self.value / self.low) - 1
