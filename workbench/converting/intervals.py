"""The last of each interval: the vendor's bbo-1s and bbo-1m, out of every change of the best prices and every trade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from lobench.engine.records import NO_SIDE, TRADE, UNDEF_PRICE
from lobench.workbench.converting.schemas import SCHEMAS, UNDEF_TIME, Schema

LENGTHS = {"bbo-1s": 10**9, "bbo-1m": 60 * 10**9}
"""Nanoseconds."""
_QUOTE = [name for name in SCHEMAS["bbo-1s"].dtype.names or () if name.endswith("_00")]
_OWN = ("publisher_id", "instrument_id", "flags", "sequence", *_QUOTE)


def last_of_intervals(runs: Iterable[npt.NDArray[np.void]], schema: Schema) -> Iterator[npt.NDArray[np.void]]:
    """The last row of mbp-1 of each book in each interval that has one, with the book's last trade so far.

    An interval ends with the first row of a later one, of any book. ``ts_recv`` is its end, ``ts_event`` that of the
    trade.
    """
    length = LENGTHS[schema.name]
    newest: dict[tuple[int, int], np.void] = {}
    traded: dict[tuple[int, int], np.void] = {}
    now = -1
    for rows in runs:
        starts = rows["ts_recv"] // np.uint64(length)
        for interval, row in zip(starts.tolist(), rows, strict=True):
            if interval > now:
                if newest:
                    yield _made(newest, traded, (now + 1) * length, schema)
                newest, now = {}, interval
            book = int(row["publisher_id"]), int(row["instrument_id"])
            newest[book] = row.copy()
            if row["action"] == TRADE:
                traded[book] = newest[book]
    if newest:
        yield _made(newest, traded, (now + 1) * length, schema)


def _made(
    newest: dict[tuple[int, int], np.void], traded: dict[tuple[int, int], np.void], end: int, schema: Schema
) -> npt.NDArray[np.void]:
    made = schema.empty(len(newest))
    for row, (book, last) in zip(made, newest.items(), strict=True):
        for name in _OWN:
            row[name] = last[name]
        trade = traded.get(book)
        row["ts_recv"] = min(end, UNDEF_TIME)
        row["ts_event"] = UNDEF_TIME if trade is None else trade["ts_event"]
        row["price"] = UNDEF_PRICE if trade is None else trade["price"]
        row["size"] = 0 if trade is None else trade["size"]
        row["side"] = NO_SIDE if trade is None else trade["side"]
    return made
