"""Records with F_TOB: a side's best price and size, without orders."""

from __future__ import annotations

from typing import Final

from lobench.engine.records import F_LAST, F_TOB
from lobench.workbench.conformance.rule import Rule, Shown, book
from lobench.workbench.conformance.rules.sections import BOOKS
from lobench.workbench.conformance.stream import UNDEFINED, Row, add, cancel, modify, top


def _top(name: str, says: str, stream: tuple[Row, ...], shown: Shown) -> Rule:
    return Rule(name, BOOKS, says, stream, (shown,), needs="bbo", group="top-of-book")


RULES: Final = (
    _top(
        "top-of-book",
        "An A with F_TOB turns its side into one level whose size belongs to no order.",
        (top("B", 100, 50),),
        book("100 +50"),
    ),
    _top(
        "top-of-book-over-orders",
        "All orders of that side are removed, at better and worse prices; the other side stays.",
        (add(1, "B", 101, 5), add(2, "B", 99, 3), add(3, "A", 102, 4), top("B", 100, 50)),
        book("100 +50", "102 3:4"),
    ),
    _top(
        "top-of-book-again",
        "The next one replaces the level, at another or the same price.",
        (top("A", 101, 50), top("A", 103, 20), top("A", 103, 30)),
        book("", "103 +30"),
    ),
    _top(
        "top-of-book-frees-ids",
        "Ids of orders that it removed are free.",
        (add(1, "B", 100, 5), top("B", 100, 50), add(1, "B", 101, 2)),
        book("101 1:2 / 100 +50"),
    ),
    _top(
        "top-of-book-looks-at-no-id",
        "Its order id is ignored: no order of that id is removed or added.",
        (add(1, "A", 101, 4), top("B", 100, 50, order_id=1), top("B", 99, 20, order_id=2), add(2, "A", 101, 3)),
        book("99 +20", "101 1:4 2:3"),
    ),
    _top(
        "top-of-book-empties",
        "Without a price it empties its side, whatever its size.",
        (add(1, "B", 100, 5), add(2, "A", 101, 4), top("B", UNDEFINED, 7)),
        book("", "101 2:4"),
    ),
    _top(
        "top-of-book-zero",
        "Of size 0 it is ignored.",
        (add(1, "B", 100, 5), top("B", 101, 0)),
        book("100 1:5"),
    ),
    _top(
        "top-of-book-no-side",
        "Without a side it is ignored.",
        (add(1, "B", 100, 5), add(2, "A", 101, 4), top("N", 102, 50), top("N", UNDEFINED, 50)),
        book("100 1:5", "101 2:4"),
    ),
    _top(
        "orders-join-anonymous-size",
        "An order that joins such a level adds to its size and count.",
        (top("B", 100, 50), add(1, "B", 100, 5), add(2, "B", 100, 3)),
        book("100 +50 1:5 2:3"),
    ),
    _top(
        "anonymous-size-stays",
        "A level keeps its anonymous size when its last order is removed.",
        (top("B", 100, 50), add(1, "B", 100, 5), cancel(1, "B", 100, 5)),
        book("100 +50"),
    ),
    _top(
        "modify-top-of-book",
        "F_TOB is ignored in an M.",
        (add(1, "B", 100, 5), add(2, "B", 99, 3), modify(1, "B", 99, 5, F_LAST | F_TOB)),
        book("99 2:3 1:5"),
    ),
)
