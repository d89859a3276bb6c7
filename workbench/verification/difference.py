"""A difference between two machines: the event, the differing parts, and both books; for a person and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lobench.engine.registry import FEATURES
from lobench.engine.replay import SHOWN_FIELDS
from lobench.engine.result import StrategyEnd
from lobench.workbench.verification.machines import Side, State

_AROUND = 3
_QUEUE = 4


@dataclass(frozen=True)
class Difference:
    """The first event after which two machines differ: its record number and fields, the kinds of difference, and both
    books around it."""

    record: int
    event: dict[str, int]
    kinds: tuple[str, ...]
    before: State
    expected: State
    actual: State

    def features(self) -> list[tuple[str, float, float]]:
        """(name, expected, actual) of each feature of the book's newest evaluation whose bits differ."""
        return differing(self.expected.features, self.actual.features)

    def lines(self) -> list[str]:
        """For a person: a line for the event, one for each differing feature, then both sides of the book before,
        expected and actual. Of each side the levels nearest to the first that differs, or the best if none does.
        """
        event = self.event
        lines = [
            f"first difference: event {self.record} ({', '.join(self.kinds)})",
            f"  action {chr(event['action'])!r}, side {chr(event['side'])!r}, "
            + ", ".join(f"{name} {event[name]}" for name in SHOWN_FIELDS),
        ]
        lines += [f"  feature {name}: expected {one!r}, actual {other!r}" for name, one, other in self.features()]
        accounts = zip(self.expected.accounts, self.actual.accounts, strict=False)
        lines += [
            f"  strategy {one.name}: expected {_account(one)}, actual {_account(other)}"
            for one, other in accounts
            if one != other
        ]
        for side in ("bids", "asks"):
            expected: Side = getattr(self.expected, side)
            actual: Side = getattr(self.actual, side)
            start = max(0, _first_difference(expected, actual) - _AROUND)
            stop = start + 2 * _AROUND + 1
            lines.append(f"  {side}, best first, from level {start + 1}:")
            for title, levels in (("before", getattr(self.before, side)), ("expected", expected), ("actual", actual)):
                lines.append(f"    {title:8}  " + ("  ".join(map(_level, levels[start:stop])) or "-"))
        return lines

    def as_json(self) -> dict[str, Any]:
        """The difference as JSON; NaN and infinities are null."""
        return {
            "record": self.record,
            "event": self.event,
            "kinds": list(self.kinds),
            "features": [
                {"name": name, "expected": _finite(one), "actual": _finite(other)}
                for name, one, other in self.features()
            ],
            "before": self.before.as_json(),
            "expected": self.expected.as_json(),
            "actual": self.actual.as_json(),
        }


def differing(expected: tuple[float, ...] | None, actual: tuple[float, ...] | None) -> list[tuple[str, float, float]]:
    """(name, expected, actual) of each feature whose bits differ; none where one of the two has no features."""
    if expected is None or actual is None:
        return []
    pairs = zip(FEATURES, expected, actual, strict=True)
    return [(name, one, other) for name, one, other in pairs if not _same(one, other)]


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or (
        one == other and math.copysign(1, one) == math.copysign(1, other)
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _first_difference(expected: Side, actual: Side) -> int:
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        if one != other:
            return place
    return min(len(expected), len(actual)) if len(expected) != len(actual) else 0


def _account(end: StrategyEnd) -> str:
    return f"position {end.position}, cash {end.cash!r}, equity {end.equity!r}, {end.trades} trades"


def _level(level: tuple[int, int, int, list[tuple[int, int]]]) -> str:
    price, size, count, orders = level
    queue = " ".join(f"{order_id}:{amount}" for order_id, amount in orders[:_QUEUE])
    more = f" +{len(orders) - _QUEUE}" if len(orders) > _QUEUE else ""
    return f"{price}x{size}({count}) [{queue}{more}]"
