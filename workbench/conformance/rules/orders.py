"""Orders that come, change and go as in any feed: A, M and C that fit."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule, book
from lobench.workbench.conformance.rules.sections import BOOKS
from lobench.workbench.conformance.stream import add, cancel, modify

RULES: Final = (
    Rule(
        "level-order",
        BOOKS,
        "Bids are sorted from the highest price down, asks from the lowest up.",
        (
            add(1, "B", 99, 1),
            add(2, "B", 101, 2),
            add(3, "B", 100, 3),
            add(4, "A", 104, 4),
            add(5, "A", 102, 5),
            add(6, "A", 103, 6),
        ),
        (book("101 2:2 / 100 3:3 / 99 1:1", "102 5:5 / 103 6:6 / 104 4:4"),),
    ),
    Rule(
        "level-sums",
        BOOKS,
        "A level's size is the sum over its orders, its count their number.",
        (add(1, "B", 100, 5), add(2, "B", 100, 7), add(3, "B", 100, 1)),
        (book("100 1:5 2:7 3:1"),),
    ),
    Rule(
        "add-joins-tail",
        BOOKS,
        "An A joins the tail of the queue at its price, whatever its id and size.",
        (add(9, "A", 100, 5), add(2, "A", 100, 8), add(5, "A", 100, 1)),
        (book("", "100 9:5 2:8 5:1"),),
        needs="queues",
    ),
    Rule(
        "cancel-part",
        BOOKS,
        "A C of less than the order's size reduces it by that size; the order keeps its place.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), cancel(1, "B", 100, 2)),
        (book("100 1:3 2:3"),),
    ),
    Rule(
        "cancel-whole",
        BOOKS,
        "A C of an order's size removes it.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), cancel(1, "B", 100, 5)),
        (book("100 2:3"),),
    ),
    Rule(
        "cancel-in-parts",
        BOOKS,
        "An order reduced to size 0 by several C is removed by the last of them.",
        (
            add(1, "B", 100, 5),
            add(2, "B", 100, 3),
            cancel(1, "B", 100, 2),
            cancel(1, "B", 100, 3),
        ),
        (book("100 2:3"),),
    ),
    Rule(
        "cancel-behind",
        BOOKS,
        "An order may leave from the middle of its queue; those before and behind it close up.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), add(3, "B", 100, 4), cancel(2, "B", 100, 3)),
        (book("100 1:5 3:4"),),
    ),
    Rule(
        "cancel-nothing",
        BOOKS,
        "A C of size 0 changes nothing.",
        (add(1, "B", 100, 5), cancel(1, "B", 100, 0)),
        (book("100 1:5"),),
    ),
    Rule(
        "level-vanishes",
        BOOKS,
        "A level whose size reaches 0 is removed, and the next one becomes the best.",
        (add(1, "B", 101, 5), add(2, "B", 100, 3), cancel(1, "B", 101, 5)),
        (book("100 2:3"),),
    ),
    Rule(
        "emptied-by-cancel",
        BOOKS,
        "A side whose last order is removed is empty.",
        (add(1, "A", 101, 5), cancel(1, "A", 101, 5)),
        (book(),),
    ),
    Rule(
        "modify-smaller",
        BOOKS,
        "An M to a smaller size replaces the size; the order keeps its place.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), modify(1, "B", 100, 2)),
        (book("100 1:2 2:3"),),
    ),
    Rule(
        "modify-same",
        BOOKS,
        "An M to the same price and size changes nothing; the order keeps its place.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), modify(1, "B", 100, 5)),
        (book("100 1:5 2:3"),),
        needs="queues",
    ),
    Rule(
        "modify-larger",
        BOOKS,
        "An M to a larger size replaces the size; the order loses its place and joins the tail.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), modify(1, "B", 100, 6)),
        (book("100 2:3 1:6"),),
    ),
    Rule(
        "modify-price",
        BOOKS,
        "An M to another price moves the order to the tail there, with the new size, even a smaller one.",
        (add(1, "B", 100, 5), add(2, "B", 101, 3), modify(1, "B", 101, 4)),
        (book("101 2:3 1:4"),),
    ),
    Rule(
        "modify-side",
        BOOKS,
        "An M to the other side removes the order and adds it there, at the tail.",
        (add(1, "B", 100, 5), add(2, "A", 101, 3), modify(1, "A", 101, 4)),
        (book("", "101 2:3 1:4"),),
    ),
    Rule(
        "crossed-book",
        BOOKS,
        "A crossed book stays as it is: trades come as records of their own.",
        (add(1, "A", 100, 5), add(2, "B", 102, 3)),
        (book("102 2:3", "100 1:5"),),
    ),
    Rule(
        "locked-book",
        BOOKS,
        "A locked book stays as it is.",
        (add(1, "A", 100, 5), add(2, "B", 100, 3)),
        (book("100 2:3", "100 1:5"),),
    ),
)
