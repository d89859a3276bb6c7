"""The ends of ids, prices, sizes and names of books, and the required capacity of a book."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule, book
from lobench.workbench.conformance.rules.sections import ARITHMETIC, BOOKS, EVENTS
from lobench.workbench.conformance.stream import Units, add, at, cancel

_MANY: Final = 300
_SIZE: Final = 2**32 - 1

RULES: Final = (
    Rule(
        "id-zero",
        ARITHMETIC,
        "An order id may be 0.",
        (add(0, "B", 100, 5), *at(2, 1, add(0, "B", 100, 3)), cancel(0, "B", 100, 5)),
        (book(), book("100 0:3", of=(2, 1))),
    ),
    Rule(
        "id-highest",
        ARITHMETIC,
        "An order id may be 2^64 - 1.",
        (
            add(2**64 - 1, "B", 100, 5),
            *at(2, 1, add(2**64 - 1, "B", 100, 3)),
            cancel(2**64 - 1, "B", 100, 5),
        ),
        (book(), book(f"100 {2**64 - 1}:3", of=(2, 1))),
    ),
    Rule(
        "id-high-bit",
        ARITHMETIC,
        "All 64 bits of an id count: ids that differ only in high bits are different orders.",
        (
            add(1, "B", 100, 1),
            add(2**32 + 1, "B", 100, 2),
            add(2**53 + 1, "B", 100, 3),
            add(2**53 + 2, "B", 100, 4),
            add(2**63 + 1, "B", 100, 5),
            add(2**63 + 2, "B", 100, 6),
            cancel(2**63 + 1, "B", 100, 5),
            cancel(2**53 + 1, "B", 100, 3),
        ),
        (book(f"100 1:1 {2**32 + 1}:2 {2**53 + 2}:4 {2**63 + 2}:6"),),
    ),
    Rule(
        "negative-price",
        BOOKS,
        "Prices below 0 are legal: -100 is a better bid than -101.",
        (add(1, "B", -101, 5), add(2, "B", -100, 3), add(3, "A", -98, 2), add(4, "A", -99, 4)),
        (book("-100 2:3 / -101 1:5", "-99 4:4 / -98 3:2"),),
    ),
    Rule(
        "price-zero",
        BOOKS,
        "A price of 0 is legal.",
        (add(1, "B", 0, 5), add(2, "B", -1, 3), *at(2, 1, add(3, "A", 1, 2), add(4, "A", 0, 4))),
        (book("0 1:5 / -1 2:3"), book("", "0 4:4 / 1 3:2", of=(2, 1))),
    ),
    Rule(
        "price-units",
        ARITHMETIC,
        "Prices are integers in units of 1e-9: prices that differ by one are two levels.",
        (add(1, "B", Units(10**11), 5), add(2, "B", Units(10**11 + 1), 3)),
        (book(f"={10**11 + 1} 2:3 / ={10**11} 1:5"),),
    ),
    Rule(
        "price-exact",
        ARITHMETIC,
        "Prices are 64-bit integers: those beyond 2^53 are exact to the last unit.",
        (add(1, "B", Units(2**53 + 2), 5), add(2, "B", Units(2**53 + 1), 3)),
        (book(f"={2**53 + 2} 1:5 / ={2**53 + 1} 2:3"),),
    ),
    Rule(
        "extreme-price",
        ARITHMETIC,
        "Prices from -2^63 to 2^63 - 2 are legal.",
        (
            add(1, "B", Units(-(2**63)), 5),
            add(2, "B", Units(2**63 - 2), 3),
            *at(2, 1, add(3, "A", Units(2**63 - 2), 4), add(4, "A", Units(-(2**63)), 2)),
        ),
        (
            book(f"={2**63 - 2} 2:3 / ={-(2**63)} 1:5"),
            book("", f"={-(2**63)} 4:2 / ={2**63 - 2} 3:4", of=(2, 1)),
        ),
    ),
    Rule(
        "wide-prices",
        BOOKS,
        "Prices of one side may be any distance apart.",
        tuple(add(i, "B", price, i) for i, price in enumerate((100, 1, 9_000_000, 5_000, 100_000), 1)),
        (book("9000000 3:3 / 100000 5:5 / 5000 4:4 / 100 1:1 / 1 2:2"),),
    ),
    Rule(
        "extreme-size",
        ARITHMETIC,
        "Sizes go up to 2^32 - 1.",
        (add(1, "A", 100, _SIZE),),
        (book("", f"100 1:{_SIZE}"),),
    ),
    Rule(
        "size-sums",
        ARITHMETIC,
        "Sums of sizes have 64 bits.",
        (add(1, "B", 100, _SIZE), add(2, "B", 100, _SIZE), add(3, "B", 100, _SIZE)),
        (book(f"100 1:{_SIZE} 2:{_SIZE} 3:{_SIZE}"),),
    ),
    Rule(
        "deep-side",
        BOOKS,
        "A side holds any number of levels.",
        tuple(add(i, "A", 1000 - i, i) for i in range(1, _MANY + 1)),
        (book("", " / ".join(f"{1000 - i} {i}:{i}" for i in range(_MANY, 0, -1))),),
    ),
    Rule(
        "long-queue",
        BOOKS,
        "A level holds any number of orders, and any of them may be removed.",
        (
            *(add(i, "B", 100, i) for i in range(1, _MANY + 1)),
            *(cancel(i, "B", 100, i) for i in range(3, _MANY + 1, 3)),
        ),
        (book("100 " + " ".join(f"{i}:{i}" for i in range(1, _MANY + 1) if i % 3)),),
    ),
    Rule(
        "several-instruments",
        EVENTS,
        "Each instrument has its own book, however many there are.",
        tuple(row for i in range(1, _MANY + 1) for row in at(i, 1, add(i, "B", 100 + i, i))),
        tuple(book(f"{100 + i} {i}:{i}", of=(i, 1)) for i in (1, 2, 150, 299, 300)),
    ),
    Rule(
        "id-in-two-instruments",
        EVENTS,
        "Ids belong to a book: one id may rest in two instruments.",
        (add(1, "B", 100, 5), *at(2, 1, add(1, "B", 50, 3)), cancel(1, "B", 100, 5)),
        (book(), book("50 1:3", of=(2, 1))),
    ),
    Rule(
        "several-publishers",
        EVENTS,
        "Each publisher of an instrument has its own book.",
        (add(1, "B", 100, 5), *at(1, 2, add(2, "B", 101, 3)), *at(1, 3, add(3, "B", 99, 4))),
        (book("100 1:5"), book("101 2:3", of=(1, 2)), book("99 3:4", of=(1, 3))),
        group="publishers",
    ),
    Rule(
        "id-in-two-publishers",
        EVENTS,
        "One id may rest at two publishers of one instrument.",
        (add(1, "B", 100, 5), *at(1, 2, add(1, "B", 100, 3)), cancel(1, "B", 100, 5)),
        (book(), book("100 1:3", of=(1, 2))),
        group="publishers",
    ),
    Rule(
        "book-names",
        EVENTS,
        "Instrument ids go from 0 to 2^32 - 1, publisher ids from 0 to 2^16 - 1.",
        (
            *at(0, 0, add(1, "B", 100, 5)),
            *at(2**32 - 1, 2**16 - 1, add(2, "B", 101, 3)),
            *at(2**32 - 1, 0, add(3, "B", 99, 2)),
        ),
        (
            book("100 1:5", of=(0, 0)),
            book("101 2:3", of=(2**32 - 1, 2**16 - 1)),
            book("99 3:2", of=(2**32 - 1, 0)),
        ),
        group="publishers",
    ),
    Rule(
        "no-such-book",
        EVENTS,
        "A book is created by its first record: without records it does not exist.",
        (add(1, "B", 100, 5),),
        (book("100 1:5"), book(of=(2, 1))),
    ),
)
