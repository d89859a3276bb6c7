"""How many orders rest at the same time, without keeping books: an estimate for engines that make room beforehand."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.records import ADD, CANCEL, CLEAR, F_TOB, book_keys

CHUNK: Final = 1 << 20
"""Records looked at together, so that the memory taken does not depend on the feed's length."""


def most_orders(records: npt.NDArray[np.void], chunk: int = CHUNK) -> int:
    """Estimated peak number of resting orders: each book's adds of orders minus its cancels, some of which are partial,
    since it was last cleared. ``records``: dtype ``MBO``, shape (count,)."""
    starts = range(0, len(records), chunk)
    # Behind the last clear it does not matter whose an order is.
    last = max((start for start in starts if CLEAR in records["action"][start : start + chunk]), default=-1)
    held: dict[int, int] = {}
    resting, most = 0, 0
    for start in starts:
        part = records[start : start + chunk]
        change = _change(part) if start > last else _change_of_books(part, held)
        running = resting + np.cumsum(change)
        resting = int(running[-1])
        most = max(most, int(running.max()))
    return most


def _change(records: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """By how many orders each record changes their number, clears apart."""
    added = (records["action"] == ADD) & (records["flags"] & F_TOB == 0)
    return added.astype(np.int64) - (records["action"] == CANCEL)


def _change_of_books(records: npt.NDArray[np.void], held: dict[int, int]) -> npt.NDArray[np.int64]:
    """The same with clears, which take what their book has; ``held``: orders of each book, before and afterwards."""
    keys = book_keys(records)
    books = np.unique(keys)
    # Each book begins with a record of what it held before.
    before = np.array([held.get(book, 0) for book in books.tolist()], np.int64)
    change = np.concatenate([before, _change(records)])
    order = np.argsort(np.concatenate([books, keys]), kind="stable")
    firsts = order < len(books)
    clears = np.concatenate([np.zeros(len(books), bool), records["action"] == CLEAR])[order]
    starts = np.flatnonzero(firsts | clears)
    sums = np.add.reduceat(change[order], starts)
    cleared = np.flatnonzero(clears[starts])
    change[order[starts[cleared]]] = -sums[cleared - 1]
    begins = np.flatnonzero(firsts[starts])
    held.update(zip(books.tolist(), sums[np.append(begins[1:] - 1, len(sums) - 1)].tolist(), strict=True))
    return change[len(books) :]
