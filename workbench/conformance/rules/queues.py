"""The queue position: the size ahead of an order that joined the best level when its price last became best."""

from __future__ import annotations

from math import nan
from typing import Final

from lobench.workbench.conformance.rule import LeftOut, Rule, features
from lobench.workbench.conformance.rules.sections import TRACKERS
from lobench.workbench.conformance.stream import Row, add, cancel, clear, modify, none, top


def _queue(name: str, says: str, stream: tuple[Row, ...], group: LeftOut | None = None, **values: float) -> Rule:
    return Rule(name, TRACKERS, says, stream, (features(values),), needs="features", group=group)


# When 3 goes, 99 becomes the best bid with 5 of order 1 and 4 of order 2 ahead of the hypothetical order.
_NINE_AHEAD: Final = (add(3, "B", 100, 1), add(1, "B", 99, 5), add(2, "B", 99, 4), cancel(3, "B", 100, 1))

RULES: Final = (
    _queue(
        "queue-position",
        "When a price becomes best, all size of its level is ahead; orders that join later are not.",
        (*_NINE_AHEAD, add(4, "B", 99, 7), add(5, "B", 98, 2)),
        queue_position_bid=9.0,
    ),
    _queue(
        "queue-position-of-asks",
        "Asks have their own queue position.",
        (add(3, "A", 100, 1), add(1, "A", 101, 5), add(2, "A", 101, 4), cancel(3, "A", 100, 1), add(4, "A", 101, 7)),
        queue_position_ask=9.0,
    ),
    _queue(
        "queue-position-cancel",
        "It falls by the size of an order ahead that a C removes.",
        (*_NINE_AHEAD, cancel(2, "B", 99, 4)),
        queue_position_bid=5.0,
    ),
    _queue(
        "queue-position-cancel-part",
        "It falls by the size that a C takes off an order ahead.",
        (*_NINE_AHEAD, cancel(1, "B", 99, 2)),
        queue_position_bid=7.0,
    ),
    _queue(
        "queue-position-behind",
        "It does not fall if orders that arrived later lose size.",
        (*_NINE_AHEAD, add(4, "B", 99, 7), add(5, "B", 99, 6), cancel(4, "B", 99, 7), modify(5, "B", 99, 1)),
        queue_position_bid=9.0,
    ),
    _queue(
        "queue-position-smaller",
        "It falls by the reduction of an M to a smaller size.",
        (*_NINE_AHEAD, modify(1, "B", 99, 2)),
        queue_position_bid=6.0,
    ),
    _queue(
        "queue-position-larger",
        "It falls by the whole size of an order that loses its place by an M to a larger size.",
        (*_NINE_AHEAD, modify(1, "B", 99, 8)),
        queue_position_bid=4.0,
    ),
    _queue(
        "queue-position-away",
        "It falls by the size of an order that an M moves to another price.",
        (*_NINE_AHEAD, modify(1, "B", 98, 5)),
        queue_position_bid=4.0,
    ),
    _queue(
        "queue-position-other-side",
        "It falls by the size of an order that an M moves to the other side.",
        (*_NINE_AHEAD, modify(1, "A", 105, 5)),
        queue_position_bid=4.0,
    ),
    _queue(
        "queue-position-replaced",
        "It falls by the size of an order that an A of its id replaces.",
        (*_NINE_AHEAD, add(1, "B", 99, 5)),
        group="repairs",
        queue_position_bid=4.0,
    ),
    _queue(
        "queue-position-other-level",
        "It does not fall if orders at other prices lose size.",
        (add(4, "B", 98, 6), add(5, "B", 97, 2), *_NINE_AHEAD, cancel(4, "B", 98, 6), modify(5, "B", 96, 2)),
        queue_position_bid=9.0,
    ),
    _queue(
        "queue-position-new-best",
        "At a new best price the order joins again.",
        (*_NINE_AHEAD, add(4, "B", 101, 7)),
        queue_position_bid=7.0,
    ),
    _queue(
        "queue-position-best-again",
        "A price that becomes best again is joined again: everything resting there is ahead.",
        (*_NINE_AHEAD, add(4, "B", 99, 6), add(5, "B", 100, 1), cancel(5, "B", 100, 1)),
        queue_position_bid=15.0,
    ),
    _queue(
        "queue-position-emptied",
        "An empty side has none: NaN; with the next order it has one.",
        (*_NINE_AHEAD, cancel(1, "B", 99, 5), cancel(2, "B", 99, 4)),
        queue_position_bid=nan,
    ),
    _queue(
        "queue-position-after-empty",
        "An order on an empty side at the last best price counts as a new best price.",
        (*_NINE_AHEAD, cancel(1, "B", 99, 5), cancel(2, "B", 99, 4), none(), add(4, "B", 99, 6)),
        queue_position_bid=6.0,
    ),
    _queue(
        "queue-position-clear",
        "After an R there is none.",
        (*_NINE_AHEAD, clear()),
        group="clear",
        queue_position_bid=nan,
    ),
    _queue(
        "queue-position-top-of-book",
        "After an A with F_TOB that replaces the side the order joins again, even at the same price.",
        (top("B", 100, 50), top("B", 100, 70)),
        group="top-of-book",
        queue_position_bid=70.0,
    ),
)
