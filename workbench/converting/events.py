"""Rows of whole events, as the vendor's mbp-10 and mbp-1 of CME have them, where F_LAST ends an event.

Each T gives a row: the levels before it, its own side. All A, C, M and R of an event give one row together, if any of
them touches a shown level: the fields of the last of them, the best depth that any touched, the side that touched it
(none if both did), the levels at the event's end. A trade in between starts that search again. A snapshot gives one
row, of its last A, without a side. Only the last row of an event has F_LAST.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.native import int64
from lobench.engine.records import (
    ADD,
    ASK,
    BID,
    CANCEL,
    CLEAR,
    F_LAST,
    F_SNAPSHOT,
    MBO,
    MODIFY,
    NO_SIDE,
    TRADE,
    book_keys,
)

Void = npt.NDArray[np.void]

_BIDS, _ASKS = 1, 2
STATE: Final = np.dtype([(name, "i8") for name in ("open", "record", "depth", "sides", "anew", "snapshot")])
"""The event of a book so far: whether it will give a row (``open``); the record of the row, by its place in the run, -1
for one of an earlier run; the best depth and the sides that touched it; whether the next touch starts again; whether it
is a snapshot."""
ROW: Final = np.dtype([(name, "i8") for name in ("book", "record", "at", "depth", "side", "last")])
"""A row: the record that it describes (-1: the book's, from an earlier run), and the record after which its levels are
taken."""


class EventMarker:
    """Finds the rows that consecutive records give, run by run."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._books: dict[int, int] = {}
        self._states = np.zeros(0, STATE)
        self._held = np.zeros(0, MBO)

    def mark(self, records: Void, levels: Void, before: Void) -> tuple[Void, Void]:
        """The rows (``ROW``) of records, shape (n,), and the record of each; ``levels`` and ``before``: the levels
        after and before each record, shape (n, at least the depth)."""
        books = self._numbered(records)
        touched = _touched(records, levels[:, : self._depth], before[:, : self._depth])
        filled = (levels["bid_sz"][:, 0] + levels["ask_sz"][:, 0] > 0).astype(np.int64)
        given = [records[name].astype(np.int64) for name in ("action", "side", "flags")]
        rows = np.zeros(2 * len(records), ROW)
        rows = rows[: int(mark(books, *given, touched, filled, self._states, rows))]
        own = records[np.maximum(rows["record"], 0)]
        earlier = rows["record"] < 0
        own[earlier] = self._held[rows["book"][earlier]]
        self._hold(records)
        return rows, own

    def _numbered(self, records: Void) -> npt.NDArray[np.int64]:
        """Each record's book by its number, from 0."""
        distinct, places = np.unique(book_keys(records), return_inverse=True)
        numbers = [self._books.setdefault(key, len(self._books)) for key in distinct.tolist()]
        more = len(self._books) - len(self._states)
        self._states = np.concatenate([self._states, np.zeros(more, STATE)])
        self._held = np.concatenate([self._held, np.zeros(more, MBO)])
        return np.array(numbers, np.int64)[places]

    def _hold(self, records: Void) -> None:
        """Keep the records that rows of a later run may be of."""
        going = (self._states["open"] != 0) | (self._states["snapshot"] != 0)
        pending = np.flatnonzero(going & (self._states["record"] >= 0))
        self._held[pending] = records[self._states["record"][pending]]
        self._states["record"] = -1


def _touched(records: Void, levels: Void, before: Void) -> npt.NDArray[np.int64]:
    """The best of these levels, on a record's own side, that it touches; -1 where it touches none."""
    found = np.full(len(records), -1)
    for side, name in ((BID, "bid"), (ASK, "ask")):
        own = records["side"] == side
        changed = np.zeros((int(own.sum()), levels.shape[1]), np.bool_)
        for what in ("px", "sz", "ct"):
            changed |= levels[f"{name}_{what}"][own] != before[f"{name}_{what}"][own]
        # A modify that changes nothing still touches its level.
        modified: npt.NDArray[np.bool_] = (records["action"][own] == MODIFY) & ~changed.any(axis=1)
        changed |= modified[:, None] & (levels[f"{name}_px"][own] == records["price"][own][:, None])
        found[own] = np.where(changed.any(axis=1), changed.argmax(axis=1), -1)
    found[records["action"] == CLEAR] = 0
    return found


@entry
def mark(
    books: npt.NDArray[np.int64],
    actions: npt.NDArray[np.int64],
    sides: npt.NDArray[np.int64],
    flags: npt.NDArray[np.int64],
    touched: npt.NDArray[np.int64],
    filled: npt.NDArray[np.int64],
    states: npt.NDArray[np.void],
    rows: npt.NDArray[np.void],
) -> int:
    """``EventMarker.mark``; ``filled``: whether the book has any order after a record. Returns how many rows there
    are."""
    count = 0
    for index in range(len(books)):
        state = states[books[index]]
        action = actions[index]
        last = flags[index] & F_LAST != 0
        if flags[index] & F_SNAPSHOT != 0 and state["snapshot"] == 0 and (action == CLEAR or action == ADD):
            state["snapshot"] = 1
            state["open"] = 0
            state["record"] = index
        if state["snapshot"] != 0:
            if action == ADD:
                state["record"] = index
            if last:
                if filled[index] != 0:
                    count = put(rows, count, books[index], state["record"], index, 0, NO_SIDE, 1)
                state["snapshot"] = 0
        elif action == TRADE:
            count = put(rows, count, books[index], index, index, 0, sides[index], int64(last and state["open"] == 0))
            state["anew"] = state["open"]
        elif action == ADD or action == CANCEL or action == MODIFY or action == CLEAR:
            touch(state, index, sides[index], touched[index])
        if last and state["open"] != 0:
            side = BID if state["sides"] == _BIDS else ASK if state["sides"] == _ASKS else NO_SIDE
            count = put(rows, count, books[index], state["record"], index, state["depth"], side, 1)
            state["open"] = 0
    return count


@kernel
def touch(state: np.void, index: int, side: int, depth: int) -> None:
    """A record that changes a book, at a depth that is shown or not (-1)."""
    if depth < 0:
        if state["open"] != 0:
            state["record"] = index
        return
    if state["open"] == 0 or state["anew"] != 0 or depth < state["depth"]:
        state["depth"] = depth
        state["sides"] = 0
        state["anew"] = 0
    state["open"] = 1
    state["record"] = index
    if depth == state["depth"]:
        state["sides"] |= _BIDS if side == BID else _ASKS if side == ASK else _BIDS | _ASKS


@kernel
def put(
    rows: npt.NDArray[np.void], count: int, book: int, record: int, at: int, depth: int, side: int, last: int
) -> int:
    row = rows[count]
    row["book"] = book
    row["record"] = record
    row["at"] = at
    row["depth"] = depth
    row["side"] = side
    row["last"] = last
    return count + 1
