"""A difference between two machines, as lines for a person: the event, what differs, and both books around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.session import SHOWN_FIELDS
from workbench.machines import Side

if TYPE_CHECKING:
    from workbench.verify import Difference

_AROUND = 3
_QUEUE = 4


def describe(difference: Difference) -> list[str]:
    """One line for the event, one for each differing feature, then both sides of the book before, expected and actual.

    Of each side, the levels nearest to the first one that differs are shown, or the best ones if none does.
    """
    event = difference.event
    lines = [
        f"first difference: event {difference.record} ({', '.join(difference.kinds)})",
        f"  action {chr(event['action'])!r}, side {chr(event['side'])!r}, "
        + ", ".join(f"{name} {event[name]}" for name in SHOWN_FIELDS),
    ]
    lines += [f"  feature {name}: expected {one!r}, actual {other!r}" for name, one, other in difference.features()]
    for side in ("bids", "asks"):
        expected: Side = getattr(difference.expected, side)
        actual: Side = getattr(difference.actual, side)
        start = max(0, _first_difference(expected, actual) - _AROUND)
        stop = start + 2 * _AROUND + 1
        lines.append(f"  {side}, best first, from level {start + 1}:")
        for title, levels in (("before", getattr(difference.before, side)), ("expected", expected), ("actual", actual)):
            lines.append(f"    {title:8}  " + ("  ".join(map(_level, levels[start:stop])) or "-"))
    return lines


def _first_difference(expected: Side, actual: Side) -> int:
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        if one != other:
            return place
    return min(len(expected), len(actual)) if len(expected) != len(actual) else 0


def _level(level: tuple[int, int, int, list[tuple[int, int]]]) -> str:
    price, size, count, orders = level
    queue = " ".join(f"{order_id}:{amount}" for order_id, amount in orders[:_QUEUE])
    more = f" +{len(orders) - _QUEUE}" if len(orders) > _QUEUE else ""
    return f"{price}x{size}({count}) [{queue}{more}]"
