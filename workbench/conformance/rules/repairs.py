"""Records that break a rule: their repair, or that they are ignored."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule, Shown, book
from lobench.workbench.conformance.rules.sections import BOOKS
from lobench.workbench.conformance.stream import UNDEFINED, Row, add, cancel, modify, record


def _repair(name: str, says: str, stream: tuple[Row, ...], shown: Shown) -> Rule:
    return Rule(name, BOOKS, says, stream, (shown,), group="repairs")


_ONE: Final = add(1, "B", 100, 5)
_KEPT: Final = book("100 1:5")

RULES: Final = (
    _repair(
        "add-existing-order",
        "An A of an id that rests removes that order first; the new one joins the tail.",
        (_ONE, add(2, "B", 100, 3), add(1, "B", 100, 4)),
        book("100 2:3 1:4"),
    ),
    _repair(
        "add-existing-order-elsewhere",
        "An A of an id that rests removes that order wherever it rests, even on the other side.",
        (_ONE, add(2, "B", 100, 3), add(1, "A", 101, 4)),
        book("100 2:3", "101 1:4"),
    ),
    _repair(
        "cancel-unknown-order",
        "A C of an unknown id is ignored.",
        (_ONE, cancel(2, "B", 100, 3)),
        _KEPT,
    ),
    _repair(
        "cancel-oversize",
        "A C of more than the order's size removes the order, and does not affect others.",
        (_ONE, add(2, "B", 100, 3), cancel(1, "B", 100, 7)),
        book("100 2:3"),
    ),
    _repair(
        "cancel-other-price",
        "A C with another price than the order's uses the order's.",
        (_ONE, add(2, "B", 99, 3), cancel(1, "B", 99, 5)),
        book("99 2:3"),
    ),
    _repair(
        "cancel-other-side",
        "A C with another side than the order's uses the order's.",
        (_ONE, add(2, "A", 101, 3), cancel(1, "A", 100, 5)),
        book("", "101 2:3"),
    ),
    _repair(
        "cancel-no-side",
        "A C without a side uses the order's.",
        (_ONE, cancel(1, "N", 100, 5)),
        book(),
    ),
    _repair(
        "modify-unknown-order",
        "An M of an unknown id adds the order.",
        (_ONE, modify(2, "B", 100, 3)),
        book("100 1:5 2:3"),
    ),
    _repair(
        "add-no-side",
        "An A whose side is neither B nor A is ignored.",
        (_ONE, add(2, "N", 101, 3), add(3, "\0", 101, 3), add(4, "b", 101, 3)),
        _KEPT,
    ),
    _repair(
        "modify-no-side",
        "An M whose side is neither B nor A is ignored.",
        (_ONE, modify(1, "N", 101, 3)),
        _KEPT,
    ),
    _repair(
        "add-undefined-price",
        "An A without a price is ignored.",
        (_ONE, add(2, "B", UNDEFINED, 3), add(3, "A", UNDEFINED, 3)),
        _KEPT,
    ),
    _repair(
        "modify-undefined-price",
        "An M without a price is ignored.",
        (_ONE, modify(1, "B", UNDEFINED, 3)),
        _KEPT,
    ),
    _repair(
        "add-zero-size",
        "An A of size 0 is ignored.",
        (_ONE, add(2, "B", 101, 0)),
        _KEPT,
    ),
    _repair(
        "modify-zero-size",
        "An M to size 0 is ignored; it is not a cancel.",
        (_ONE, modify(1, "B", 100, 0)),
        _KEPT,
    ),
    _repair(
        "ignored-add-of-existing-order",
        "An ignored A does not remove the resting order of its id.",
        (_ONE, add(1, "B", 101, 0), add(1, "N", 101, 3), add(1, "B", UNDEFINED, 3)),
        _KEPT,
    ),
    _repair(
        "unknown-action",
        "A record of any other action is ignored.",
        (_ONE, record("X", "B", 101, 3, 2), record("a", "B", 101, 3, 3), record("\0", "B", 100, 3, 1)),
        _KEPT,
    ),
)
