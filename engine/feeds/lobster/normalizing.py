"""LOBSTER messages to MBO records, in one compiled pass over the columns of a piece of a file."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.feeds.itch.normalizing import PUBLISHER
from lobench.engine.feeds.live_orders import Table, find, put, reduce, remove, size_at
from lobench.engine.feeds.lobster.start import FIRST_ID
from lobench.engine.feeds.records_out import write_record
from lobench.engine.native import int64, uint64
from lobench.engine.records import ADD, ASK, BID, CANCEL, F_LAST, FILL, MBO, NO_SIDE, NONE, TRADE, UNDEF_PRICE

SUBMITTED, REDUCED, DELETED, EXECUTED, HIDDEN, CROSS, HALT = range(1, 8)
"""The types of messages."""

DONE, GROW, BAD_TYPE, BAD_TIME, BAD_SIZE, BAD_PRICE, BAD_DIRECTION = range(7)
"""Why a pass stopped: at the end, or for a larger table; or a problem in the row that it returns."""

PROBLEMS: Final = {
    BAD_TYPE: "a message of type {value}; 1 to 7 expected",
    BAD_TIME: "a time of {value} s after midnight",
    BAD_SIZE: "a size of {value}, which a record's 32 bits cannot hold",
    BAD_PRICE: "a price of {value}; 0 to 2,147,483,647 expected (in 1e-4 dollars)",
    BAD_DIRECTION: "a direction of {value}; 1 or -1 expected",
}
MOST_RECORDS: Final = 3
_PRICE_UNIT = 100_000
_LONGEST_DAY = 90_000.0
_BYTES = MBO.itemsize


@entry
def normalize(
    times: npt.NDArray[np.float64],
    columns: npt.NDArray[np.int64],
    start: int,
    midnight: int,
    instrument: int,
    sequence: int,
    out: int,
    table: Table,
    shift: int,
    pool_prices: npt.NDArray[np.int64],
    pool_sizes: npt.NDArray[np.int64],
    pool_asks: npt.NDArray[np.int64],
    live: npt.NDArray[np.int64],
) -> tuple[int, int, int]:
    """Normalize rows from ``start`` on.

    ``times``, float64, shape (n,), seconds after ``midnight`` (ns since the epoch); ``columns``, int64, shape (5, n):
    type, id, size, price, direction; ``sequence`` is the number of row 0 in the file, from 1. ``out`` is the address of
    room for three records a row. ``table`` and ``shift``: the live orders; ``pool_…``: the remainder of the levels from
    before the file. ``live``, int64, shape (1,): orders in the table. Returns (first row not handled, records written,
    status), all int64.
    """
    count = 0
    for row in range(start, len(times)):
        kind = columns[0, row]
        order_id = uint64(columns[1, row])
        size = columns[2, row]
        price = columns[3, row]
        direction = columns[4, row]
        if kind < SUBMITTED or kind > HALT:
            return row, count, BAD_TYPE
        if not 0.0 <= times[row] < _LONGEST_DAY:
            return row, count, BAD_TIME
        if size < 0 or size >> 32 != 0:
            return row, count, BAD_SIZE
        if kind != HALT and (price < 0 or price >> 31 != 0):
            return row, count, BAD_PRICE
        if kind != HALT and direction != 1 and direction != -1:
            return row, count, BAD_DIRECTION
        if 2 * live[0] >= len(table):
            return row, count, GROW
        time = midnight + int64(np.rint(times[row] * 1e9))
        number = (sequence + row) & 0xFFFFFFFF
        is_ask = int64(direction < 0)
        side = ASK if is_ask else BID
        aggressor = BID if is_ask else ASK
        target = out + count * _BYTES
        nanos = price * _PRICE_UNIT
        if kind == HALT:
            # The book does not change, but the halt's row of the order book file needs a record.
            write_record(target, PUBLISHER, instrument, time, uint64(0), UNDEF_PRICE, 0, F_LAST, NONE, NO_SIDE, number)
            count += 1
        elif kind == SUBMITTED:
            write_record(target, PUBLISHER, instrument, time, order_id, nanos, size, F_LAST, ADD, side, number)
            count += 1
            if size != 0:
                slot = find(table, shift, order_id)
                live[0] += int64(slot < 0)
                put(table, -1 - slot if slot < 0 else slot, order_id, size, is_ask, price)
        elif kind == HIDDEN or kind == CROSS:
            taker = aggressor if kind == HIDDEN else NO_SIDE
            write_record(target, PUBLISHER, instrument, time, uint64(0), nanos, size, F_LAST, TRADE, taker, number)
            count += 1
        else:
            slot = find(table, shift, order_id)
            if slot < 0:
                order_id = take_from_pool(pool_prices, pool_sizes, pool_asks, order_id, is_ask, price, size)
            elif kind == DELETED:
                size = size_at(table, slot)
                remove(table, shift, slot)
                live[0] -= 1
            else:
                live[0] -= reduce(table, shift, slot, size)
            if kind == EXECUTED:
                write_record(
                    target, PUBLISHER, instrument, time, uint64(0), nanos, size, F_LAST, TRADE, aggressor, number
                )
                write_record(
                    target + _BYTES, PUBLISHER, instrument, time, order_id, nanos, size, F_LAST, FILL, side, number
                )
                target += 2 * _BYTES
                count += 2
            write_record(target, PUBLISHER, instrument, time, order_id, nanos, size, F_LAST, CANCEL, side, number)
            count += 1
    return len(times), count, DONE


@kernel
def take_from_pool(
    prices: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    asks: npt.NDArray[np.int64],
    order_id: int,
    is_ask: int,
    price: int,
    size: int,
) -> int:
    """The id of the order that represents this level from before the file, reduced by ``size``; if nothing is left of
    it, the id unchanged."""
    for place in range(len(prices)):
        if prices[place] == price and asks[place] == is_ask and sizes[place] > 0:
            sizes[place] -= size
            return uint64(FIRST_ID) + uint64(place)
    return uint64(order_id)
