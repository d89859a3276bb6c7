"""Rows of an answer against the books of a replay, record by record.

A row belongs to the records with its instrument, sequence number and time. It is the book after one of those with its
action, price and size; if its action is T, after any of them: vendors show a trade before its cancel or after it. A row
of several changes may name another side than its last. Rows of an order book file are the book after the last.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.records import TRADE
from lobench.workbench.against.answer import UNKNOWN, Answer

UNMATCHED, EQUAL, DIFFERENT, BEYOND = range(4)
"""The outcome of a row: no record matches it; its levels equal the book's; they differ; or they differ only beyond the
prices that its file has shown since its start (``Answer.edges``)."""

KEYS: Final = ("instrument_id", "sequence", "ts_event", "action", "price", "size")
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


class Comparison:
    """The outcome of each row so far: ``outcomes``, uint8; ``differing``, int64, sides of levels that differ; ``at``,
    int64, the number in the feed of the record whose book it was, -1 for none."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        count = len(answer)
        self.outcomes = np.zeros(count, np.uint8)
        self.differing = np.zeros(count, np.int64)
        self.at = np.full(count, -1, np.int64)
        self._timed = bool(answer.time.any())
        self._named = bool(answer.instrument.any())
        hashes = hashed(answer.instrument, answer.sequence, answer.time)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]
        self._rows = np.stack([answer.action, answer.price, answer.size], axis=1)
        self._edges = np.zeros((0, 2), np.int64) if answer.edges is None else answer.edges

    def take(self, records: npt.NDArray[np.void], first: int, levels: npt.NDArray[np.int64]) -> None:
        """Compare the books after consecutive records, the first of which has this number in the feed.

        ``records``: dtype ``MBO``, shape (n,); ``levels``: int64, shape (n, depth, 6), as ``Answer.levels``.
        """
        zeros = np.zeros(len(records), np.int64)
        keys = {name: records[name].astype(np.int64) for name in KEYS}
        hashes = hashed(
            keys["instrument_id"] if self._named else zeros,
            keys["sequence"],
            keys["ts_event"] if self._timed else zeros,
        )
        starts = np.searchsorted(self._hashes, hashes)
        described = np.stack([keys[name] for name in ("action", "price", "size")], axis=1)
        compare(
            hashes,
            starts,
            described,
            levels,
            first,
            self._hashes,
            self._order,
            self._rows,
            self.answer.levels,
            self._edges,
            self.outcomes,
            self.differing,
            self.at,
        )


def hashed(
    instrument: npt.NDArray[np.int64], sequence: npt.NDArray[np.int64], time: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """64 bits for each event; those of two events are the same once in 2^64 pairs."""
    value = np.zeros(len(sequence), np.uint64)
    with np.errstate(over="ignore"):
        for part, factor in zip((instrument, sequence, time), _MIX, strict=True):
            value = (value ^ part.astype(np.uint64)) * np.uint64(factor)
            value ^= value >> np.uint64(29)
    return value


@entry
def compare(
    hashes: npt.NDArray[np.uint64],
    starts: npt.NDArray[np.int64],
    described: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int64],
    first: int,
    sorted_hashes: npt.NDArray[np.uint64],
    order: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    expected: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int64],
    outcomes: npt.NDArray[np.uint8],
    differing: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
) -> None:
    """``Comparison.take``. Record r is of the rows ``order[starts[r]]`` and on, as long as ``sorted_hashes`` there is
    its own; ``described`` and ``rows`` are action, price, size. Of several records the one that agrees best counts."""
    seen = len(edges) > 0  # a LOBSTER order book file
    for record in range(len(hashes)):
        place = starts[record]
        while place < len(order) and sorted_hashes[place] == hashes[record]:
            row = order[place]
            whole = rows[row, 0] == TRADE
            alike = True
            for field in range(3):
                alike = alike and rows[row, field] == described[record, field]
            if (whole or alike) and (seen or outcomes[row] != EQUAL):
                wrong = difference(levels[record], expected[row])
                if seen or outcomes[row] == UNMATCHED or wrong <= differing[row]:
                    outcomes[row] = EQUAL if wrong == 0 else DIFFERENT
                    if wrong != 0 and seen and alike_within(levels[record], expected[row], edges[row]):
                        outcomes[row] = BEYOND
                    differing[row] = wrong
                    at[row] = first + record
                if wrong == 0 and not whole:
                    break
            place += 1


@kernel
def difference(book: npt.NDArray[np.int64], expected: npt.NDArray[np.int64]) -> int:
    """Sides of levels in which price, size or count differ."""
    wrong = 0
    for level in range(len(expected)):
        for side in range(2):
            same = book[level, side] == expected[level, side] and book[level, 2 + side] == expected[level, 2 + side]
            count = expected[level, 4 + side]
            if not same or (count != UNKNOWN and count != book[level, 4 + side]):
                wrong += 1
    return wrong


@kernel
def alike_within(book: npt.NDArray[np.int64], expected: npt.NDArray[np.int64], edges: npt.NDArray[np.int64]) -> bool:
    """Whether both hold the same prices and sizes as far as ``edges``: bids not below the first, asks not above the
    second."""
    for side in range(2):
        for level in range(len(expected)):
            ours, theirs = book[level, side], expected[level, side]
            if side == 0:
                inner, outer = is_bid_within(ours, edges[0]), is_bid_within(theirs, edges[0])
            else:
                inner, outer = ours <= edges[1], theirs <= edges[1]
            if not inner and not outer:
                break
            if ours != theirs or book[level, 2 + side] != expected[level, 2 + side]:
                return False
    return True


@kernel
def is_bid_within(price: int, edge: int) -> bool:
    return price >= edge and price != 9223372036854775807
