"""The window of 100 events, and the lifetime of orders."""

from __future__ import annotations

from math import nan
from typing import Final

from lobench.workbench.conformance.rule import LeftOut, Rule, features
from lobench.workbench.conformance.rules.sections import TRACKERS
from lobench.workbench.conformance.stream import UNDEFINED, Row, add, at, cancel, clear, modify, none, top


def _window(name: str, says: str, stream: tuple[Row, ...], group: LeftOut | None = None, **values: float) -> Rule:
    return Rule(name, TRACKERS, says, stream, (features(values),), needs="features", group=group)


def _nothing(count: int) -> tuple[Row, ...]:
    """Events of the book that leave it alone."""
    return (none(),) * count


def _bids(count: int, size: int = 5, start: int = 1) -> tuple[Row, ...]:
    """This many A with ids from ``start`` on."""
    return tuple(add(start + i, "B", 100, size) for i in range(count))


RULES: Final = (
    _window(
        "window-not-before-100",
        "Before a book's first 100 events, rates are NaN.",
        (*_bids(50), modify(1, "B", 100, 4), cancel(1, "B", 100, 4), *_nothing(47)),
        pressure_arrival=nan,
        pressure_cancellation=nan,
        order_modification_rate=nan,
    ),
    _window(
        "closed-window",
        "A window closes with the 100th event, inclusive.",
        (*_nothing(97), *_bids(3)),
        pressure_arrival=3.0,
    ),
    _window(
        "window-starts-anew",
        "Each window starts at 0 and counts only its own events.",
        (*_bids(100), *_nothing(90), *_bids(7, start=101), *_nothing(3)),
        pressure_arrival=7.0,
    ),
    _window(
        "window-holds",
        "Between closings, the rates are those of the last full window.",
        (*_bids(40), *_nothing(60), *_bids(50, start=101)),
        pressure_arrival=40.0,
    ),
    _window(
        "window-of-own-book",
        "A window counts only the events of its own book.",
        (*_bids(60), *at(2, 1, *_bids(50)), *_nothing(39)),
        pressure_arrival=nan,
    ),
    _window(
        "window-modifies",
        "The modification rate is the window's number of M over 100.",
        (*_bids(2), modify(1, "B", 100, 4), modify(1, "B", 99, 4), modify(2, "A", 101, 4), *_nothing(95)),
        order_modification_rate=0.03,
    ),
    _window(
        "window-modifies-unknown",
        "An M of an unknown id counts as an M, not as an A.",
        (*_bids(2), modify(7, "B", 100, 4), *_nothing(97)),
        group="repairs",
        order_modification_rate=0.01,
        pressure_arrival=2.0,
    ),
    _window(
        "window-ignored",
        "Ignored records count neither as A nor as M.",
        (*_bids(2), add(7, "N", 100, 4), add(8, "B", 100, 0), modify(1, "B", UNDEFINED, 4), *_nothing(95)),
        group="repairs",
        order_modification_rate=0.0,
        pressure_arrival=2.0,
    ),
    _window(
        "window-cancellation",
        "The cancellation rate is the size removed by C over the size added by A.",
        (*_bids(4, size=10), cancel(1, "B", 100, 10), cancel(2, "B", 100, 5), *_nothing(94)),
        pressure_cancellation=15.0 / 40.0,
    ),
    _window(
        "window-cancellation-oversize",
        "For a C of more than its order's size, only the removed size counts.",
        (*_bids(4, size=10), cancel(1, "B", 100, 30), cancel(9, "B", 100, 30), *_nothing(94)),
        group="repairs",
        pressure_cancellation=10.0 / 40.0,
    ),
    _window(
        "window-cancellation-undefined",
        "In a window without added size, the cancellation rate is NaN.",
        (*_bids(100), cancel(1, "B", 100, 5), *_nothing(99)),
        pressure_cancellation=nan,
    ),
    _window(
        "window-modifies-add-nothing",
        "Sizes added or removed by M count in neither sum.",
        (
            *_bids(4, size=10),
            modify(1, "B", 100, 20),
            modify(2, "B", 100, 1),
            cancel(3, "B", 100, 4),
            *_nothing(93),
        ),
        pressure_cancellation=4.0 / 40.0,
    ),
    _window(
        "window-top-of-book",
        "An A with F_TOB counts as an A of its size, unless it has no price.",
        (
            top("B", 100, 30),
            top("B", 101, 10),
            top("B", UNDEFINED, 8),
            add(1, "A", 102, 10),
            cancel(1, "A", 102, 5),
            *_nothing(95),
        ),
        group="top-of-book",
        pressure_arrival=3.0,
        pressure_cancellation=5.0 / 50.0,
    ),
    _window(
        "lifetime",
        "When a C removes an order, its lifetime is the number of its book's events since it was added.",
        (add(1, "B", 100, 5), *_nothing(3), *at(2, 1, none()), cancel(1, "B", 100, 5)),
        order_lifetime_avg=4.0,
    ),
    _window(
        "lifetime-average",
        "Lifetimes are averaged exponentially with alpha 0.1; the first is the average itself.",
        (add(1, "B", 100, 5), *_nothing(3), cancel(1, "B", 100, 5), *_bids(1), *_nothing(9), cancel(1, "B", 100, 5)),
        order_lifetime_avg=4.0 + 0.1 * (10.0 - 4.0),
    ),
    _window(
        "lifetime-not-of-parts",
        "A partial C ends no lifetime.",
        (add(1, "B", 100, 5), cancel(1, "B", 100, 2)),
        order_lifetime_avg=nan,
    ),
    _window(
        "lifetime-through-modify",
        "An M to another price or to the tail does not end an order's lifetime.",
        (add(1, "B", 100, 5), modify(1, "B", 99, 5), modify(1, "B", 99, 8), cancel(1, "B", 99, 8)),
        order_lifetime_avg=3.0,
    ),
    _window(
        "lifetime-side-change",
        "An M to the other side ends no lifetime and starts one.",
        (add(1, "B", 100, 5), *_nothing(4), modify(1, "A", 101, 5), none(), cancel(1, "A", 101, 5)),
        order_lifetime_avg=2.0,
    ),
    _window(
        "lifetime-replaced",
        "An A of an id that rests ends no lifetime and starts one.",
        (add(1, "B", 100, 5), *_nothing(4), add(1, "B", 100, 5), none(), cancel(1, "B", 100, 5)),
        group="repairs",
        order_lifetime_avg=2.0,
    ),
    _window(
        "lifetime-clear",
        "An R ends no lifetimes.",
        (add(1, "B", 100, 5), none(), clear()),
        group="clear",
        order_lifetime_avg=nan,
    ),
    _window(
        "lifetime-top-of-book",
        "Orders removed by an A with F_TOB end no lifetimes.",
        (add(1, "B", 100, 5), none(), top("B", 100, 50)),
        group="top-of-book",
        order_lifetime_avg=nan,
    ),
)
