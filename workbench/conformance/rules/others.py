"""Records that empty a book, and those that leave it as it is: R, T, F, N."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule, book
from lobench.workbench.conformance.rules.sections import BOOKS
from lobench.workbench.conformance.stream import add, at, clear, record

RULES: Final = (
    Rule(
        "emptied-by-clear",
        BOOKS,
        "An R empties both sides.",
        (add(1, "B", 100, 5), add(2, "B", 99, 2), add(3, "A", 101, 4), clear()),
        (book(),),
        group="clear",
    ),
    Rule(
        "clear-means-both-sides",
        BOOKS,
        "Side, price, size and id of an R are ignored: both sides become empty.",
        (add(1, "B", 100, 5), add(2, "A", 101, 4), record("R", "B", 100, 5, 1)),
        (book(),),
        group="clear",
    ),
    Rule(
        "clear-frees-ids",
        BOOKS,
        "After an R the ids of the removed orders are free: an A with one of them is a new order.",
        (add(1, "B", 100, 5), add(2, "A", 101, 4), clear(), add(2, "A", 101, 3), add(1, "A", 101, 6)),
        (book("", "101 2:3 1:6"),),
        group="clear",
    ),
    Rule(
        "clear-of-one-book",
        BOOKS,
        "An R empties only its own book.",
        (add(1, "B", 100, 5), *at(2, 1, add(2, "B", 100, 3)), clear()),
        (book(), book("100 2:3", of=(2, 1))),
        group="clear",
    ),
    Rule(
        "trade-leaves-book",
        BOOKS,
        "A T does not change the book: resting orders lose size only by C.",
        (add(1, "A", 100, 5), record("T", "B", 100, 3, 1)),
        (book("", "100 1:5"),),
    ),
    Rule(
        "fill-leaves-book",
        BOOKS,
        "An F does not change the book.",
        (add(1, "A", 100, 5), record("F", "A", 100, 3, 1)),
        (book("", "100 1:5"),),
    ),
    Rule(
        "none-leaves-book",
        BOOKS,
        "An N does not change the book.",
        (add(1, "A", 100, 5), record("N", "A", 100, 3, 1)),
        (book("", "100 1:5"),),
    ),
)
