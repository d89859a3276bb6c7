"""A vendor's books: rows of price levels, each the book after one event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.records import UNDEF_PRICE

PLACES: Final = ("bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct", "ask_ct")
"""The numbers of a level, in the order of ``Answer.levels``, which is that of a replay's own levels."""
UNKNOWN: Final = -1
"""A count that a file does not tell."""


@dataclass(frozen=True)
class Answer:
    """The rows of one file. All arrays have a row for each of them.

    ``kind`` is mbp-10, mbp-1 or order book. ``levels``: int64, shape (rows, depth, 6), as ``PLACES``; price
    ``UNDEF_PRICE`` and size 0 where there is no level, count ``UNKNOWN`` where it is not told.
    ``instrument`` (0 in all rows: not told), ``sequence`` and ``time`` (ns since the epoch; 0 in all rows: not told)
    say which event a row is of, ``action``, ``price`` and ``size`` which of its records; int64. An action of T is of
    the whole event.
    ``edges``: int64, shape (rows, 2): the lowest bid and the highest ask that the file has shown in every row up to
    this one; what lies beyond them may have changed unseen. None where the vendor sees the whole book.
    """

    name: str
    kind: str
    levels: npt.NDArray[np.int64]
    instrument: npt.NDArray[np.int64]
    sequence: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    action: npt.NDArray[np.int64]
    price: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def depth(self) -> int:
        return int(self.levels.shape[1])


def seen_edges(levels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """``Answer.edges`` of a file that covers only the levels it shows; ``levels`` as there.

    A side with fewer levels than the file has room for is seen whole.
    """
    last = levels[:, -1]
    bids = np.where(last[:, 0] == UNDEF_PRICE, -UNDEF_PRICE, last[:, 0])
    return np.stack([np.maximum.accumulate(bids), np.minimum.accumulate(last[:, 1])], axis=1)
