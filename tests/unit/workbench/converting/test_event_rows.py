"""Rows of whole events, each written down by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.records import F_BAD_TS_RECV, F_LAST, F_SNAPSHOT, MBO, RTYPE_MBO, UNDEF_PRICE
from lobench.workbench.cli import main
from lobench.workbench.converting import books
from lobench.workbench.converting.books import book_rows
from lobench.workbench.converting.schemas import SCHEMAS
from tests.support.tables import feed_of, rows, table, write

pytestmark = pytest.mark.normal

SNAPSHOT = F_SNAPSHOT | F_BAD_TS_RECV
Record = tuple[str, str, int, int, int, int]
"""Action, side, order id, price, size, flags."""


def records(*given: Record, instrument: int = 7) -> npt.NDArray[np.void]:
    made = np.zeros(len(given), MBO)
    made["length"], made["rtype"], made["publisher_id"], made["instrument_id"] = 14, RTYPE_MBO, 1, instrument
    made["sequence"] = np.arange(1, len(given) + 1)
    for record, (action, side, order, price, size, flags) in zip(made, given, strict=True):
        record["action"], record["side"], record["order_id"] = ord(action), ord(side), order
        record["price"], record["size"], record["flags"] = price or UNDEF_PRICE, size, flags
    return made


def told(made: npt.NDArray[np.void], schema: str = "mbp-10") -> list[tuple[Any, ...]]:
    """Action, side, depth, sequence, flags, best bid and its size, best ask and its size of each row."""
    rows = np.concatenate([SCHEMAS[schema].empty(0), *book_rows(feed_of(made), SCHEMAS[schema], int, events=True)])
    return [
        (
            *(chr(row["action"]), chr(row["side"]), int(row["depth"]), int(row["sequence"]), int(row["flags"])),
            *(int(row[name]) for name in ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")),
        )
        for row in rows
    ]


BOOK: tuple[Record, ...] = (
    ("R", "N", 0, 0, 0, SNAPSHOT),
    ("A", "B", 1, 100, 5, SNAPSHOT),
    ("A", "B", 2, 99, 5, SNAPSHOT),
    ("A", "A", 3, 102, 5, SNAPSHOT | F_LAST),
)
FIRST = ("A", "N", 0, 4, SNAPSHOT | F_LAST, 100, 5, 102, 5)
CASES: dict[str, tuple[tuple[Record, ...], list[tuple[Any, ...]]]] = {
    "a snapshot is one row": ((), []),
    "an order": ((("A", "B", 4, 101, 2, F_LAST),), [("A", "B", 0, 5, F_LAST, 101, 2, 102, 5)]),
    "several changes are one row": (
        (("A", "B", 4, 98, 2, 0), ("C", "B", 2, 99, 5, 0), ("C", "B", 4, 98, 2, F_LAST)),
        [("C", "B", 1, 7, F_LAST, 100, 5, 102, 5)],
    ),
    "both sides at one depth": (
        (("A", "B", 4, 101, 2, 0), ("C", "A", 3, 102, 5, F_LAST)),
        [("C", "N", 0, 6, F_LAST, 101, 2, UNDEF_PRICE, 0)],
    ),
    "the better side": (
        (("A", "A", 4, 103, 2, 0), ("A", "B", 5, 100, 2, F_LAST)),
        [("A", "B", 0, 6, F_LAST, 100, 7, 102, 5)],
    ),
    "a trade, and what it takes off": (
        (("T", "A", 0, 100, 3, 0), ("F", "B", 1, 100, 3, 0), ("C", "B", 1, 100, 3, F_LAST)),
        [("T", "A", 0, 5, 0, 100, 5, 102, 5), ("C", "B", 0, 7, F_LAST, 100, 2, 102, 5)],
    ),
    "a trade that changes nothing": ((("T", "N", 0, 101, 3, F_LAST),), [("T", "N", 0, 5, F_LAST, 100, 5, 102, 5)]),
    "an end of its own": (
        (("A", "B", 4, 101, 2, 0), ("N", "N", 0, 0, 0, F_LAST)),
        [("A", "B", 0, 5, F_LAST, 101, 2, 102, 5)],
    ),
    "a trade in between begins anew": (
        (("A", "B", 4, 101, 2, 0), ("T", "A", 0, 101, 2, 0), ("A", "A", 5, 103, 1, F_LAST)),
        [("T", "A", 0, 6, 0, 101, 2, 102, 5), ("A", "A", 1, 7, F_LAST, 101, 2, 102, 5)],
    ),
    "an event without an end": ((("A", "B", 4, 101, 2, 0),), []),
    "a clear": ((("R", "N", 0, 0, 0, F_LAST),), [("R", "N", 0, 5, F_LAST, UNDEF_PRICE, 0, UNDEF_PRICE, 0)]),
    "a modify": ((("M", "B", 2, 101, 4, F_LAST),), [("M", "B", 0, 5, F_LAST, 101, 4, 102, 5)]),
}


@pytest.mark.parametrize("slice_size", [1, 2, 65_536])
@pytest.mark.parametrize("case", CASES)
def test_rows_of_events(case: str, slice_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the records are cut."""
    monkeypatch.setattr(books, "SLICE", slice_size)
    given, expected = CASES[case]
    assert told(records(*BOOK, *given)) == [FIRST, *expected]


def test_changes_below_the_depth_give_no_row() -> None:
    deep = tuple(("A", "B", order, 99 - order, 1, F_LAST) for order in range(10, 20))
    found = told(records(*BOOK, *deep))
    assert [row[2] for row in found] == [0, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [row[2] for row in told(records(*BOOK, *deep), "mbp-1")] == [0]


def test_books_are_apart() -> None:
    made = np.concatenate([records(*BOOK), records(*BOOK, instrument=8)])
    mixed = made[[0, 4, 1, 5, 2, 6, 3, 7]]
    assert told(mixed) == [FIRST, FIRST]


def test_the_command(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.csv", table(*rows(3)))
    out = str(tmp_path / "a.parquet")
    assert main(["convert", spec, out, "--schema", "mbp-10", "--events"]) == 0
    assert main(["convert", spec, str(tmp_path / "b.parquet"), "--events"]) == UsageError.exit_code
