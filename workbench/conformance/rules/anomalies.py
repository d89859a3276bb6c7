"""Broken rules are counted, each by its kind."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule
from lobench.workbench.conformance.rules.sections import BOOKS
from lobench.workbench.conformance.stream import UNDEFINED, Row, add, cancel, modify, record, top, trade


def _count(name: str, says: str, *rows: Row, **anomalies: int) -> Rule:
    return Rule(name, BOOKS, says, rows, anomalies=anomalies, needs="anomalies", group="repairs")


_ONE: Final = add(1, "B", 100, 5)

RULES: Final = (
    _count(
        "no-anomaly",
        "Records that break no rule are no anomalies: a T without side or size, an empty R, a C of size 0.",
        trade("N", 100, 0),
        record("R", "N", UNDEFINED, 0, 0),
        _ONE,
        cancel(1, "B", 100, 0),
    ),
    _count(
        "counts-add-existing-order",
        "An A of an id that rests is one add_existing_order.",
        _ONE,
        add(1, "A", 101, 5),
        add_existing_order=1,
    ),
    _count(
        "counts-cancel-mismatch",
        "A C whose price or side differs from its order's is one cancel_mismatch, even if both differ.",
        _ONE,
        cancel(1, "B", 101, 1),
        cancel(1, "A", 100, 1),
        cancel(1, "N", 102, 1),
        cancel_mismatch=3,
    ),
    _count(
        "counts-cancel-oversize",
        "A C of more than its order's size is one cancel_oversize.",
        _ONE,
        cancel(1, "B", 100, 6),
        cancel_oversize=1,
    ),
    _count(
        "counts-mismatch-and-oversize",
        "One C can be both.",
        _ONE,
        cancel(1, "B", 101, 6),
        cancel_mismatch=1,
        cancel_oversize=1,
    ),
    _count(
        "counts-cancel-unknown-order",
        "A C of an unknown id is one cancel_unknown_order, whatever else is wrong with it.",
        _ONE,
        cancel(2, "N", UNDEFINED, 0),
        cancel_unknown_order=1,
    ),
    _count(
        "counts-modify-unknown-order",
        "An M of an unknown id is one modify_unknown_order.",
        modify(2, "B", 100, 5),
        modify_unknown_order=1,
    ),
    _count(
        "counts-invalid-side",
        "An A or M without a side is one invalid_side and no other anomaly: the side is checked first.",
        add(1, "N", UNDEFINED, 0),
        modify(1, "N", 100, 5),
        invalid_side=2,
    ),
    _count(
        "counts-undefined-price",
        "An A or M without a price is one undefined_price, and no zero_size.",
        add(1, "B", UNDEFINED, 0),
        modify(1, "B", UNDEFINED, 5),
        undefined_price=2,
    ),
    _count(
        "counts-zero-size",
        "An A or M of size 0 is one zero_size; the order is not searched for.",
        _ONE,
        add(1, "B", 100, 0),
        modify(2, "B", 100, 0),
        zero_size=2,
    ),
    _count(
        "counts-trade-undefined-price",
        "A T without a price is one trade_undefined_price.",
        trade("B", UNDEFINED, 5),
        trade_undefined_price=1,
    ),
    _count(
        "counts-unknown-action",
        "A record of any other action is one unknown_action.",
        record("X", "N", UNDEFINED, 0, 0),
        unknown_action=1,
    ),
    Rule(
        "counts-top-of-book",
        BOOKS,
        "An A with F_TOB is an invalid_side without a side, a zero_size with a price and size 0, else no anomaly.",
        (top("N", UNDEFINED, 0), top("B", 100, 0), top("B", UNDEFINED, 0), top("B", 100, 5), top("B", 100, 6)),
        anomalies={"invalid_side": 1, "zero_size": 1},
        needs="anomalies",
        group="top-of-book",
    ),
)
