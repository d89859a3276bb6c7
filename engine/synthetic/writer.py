"""Records: the clock, order ids, and writing one record into the current chunk."""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.native import Record
from lobench.engine.records import ASK, BID, NO_SIDE, RTYPE_MBO
from lobench.engine.synthetic.book import below, chance, draw, mixed, random
from lobench.engine.synthetic.tables import DELAY, DELTA, ENTRIES, ID, SEQUENCE, WAIT
from lobench.engine.synthetic.views import book_at, ids_at, order_at, record_at, table_entry

LAST = 130
"""Flags of a group's last record, as on ESH4: F_LAST and a publisher's own bit."""
NO_ID = np.uint64(0)
_SPARSE = np.uint64(0x51ED270B0B1EA3A5)


@kernel
def side_code(side: int) -> int:
    """The record's side byte of 0 (bid), 1 (ask), 2 (none)."""
    return BID if side == 0 else ASK if side == 1 else NO_SIDE


@kernel
def advance_clock(market: Record) -> None:
    """Move on to the next group: short waits come in runs, ``ts_recv`` never steps back."""
    market["short"] = chance(market, market["short_again"] if market["short"] != 0 else market["short_first"])
    short = market["short_entries"]
    entry = below(market, short) if market["short"] != 0 else short + below(market, ENTRIES - short)
    wait = table_entry(market, WAIT, entry) >> market["speed"]
    market["event"] += np.uint64(max(wait, 1))
    received = market["event"] + np.uint64(draw(market, DELAY))
    market["received"] = max(received, market["received"] + np.uint64(1))
    market["delta"] = draw(market, DELTA)
    market["sequence"] += np.uint64(draw(market, SEQUENCE))


@kernel
def next_packet(market: Record) -> None:
    """Later records of the same group come 5 to 13 µs later, under the next sequence number."""
    market["received"] += np.uint64(5_000 + below(market, 8_192))
    market["delta"] = draw(market, DELTA)
    market["sequence"] += np.uint64(1)


@kernel
def fresh_id(market: Record, book: int) -> np.uint64:
    """An order id that was never used at this venue."""
    ids = ids_at(market, book_at(market, book)["venue"])
    ids["next"] += np.uint64(draw(market, ID))
    order_id = ids["next"]
    if market["ids_late"] != 0 and (random(market) & np.uint64(31)) == np.uint64(0):
        late = ids["late"]
        ids["late"] = order_id
        if late != NO_ID:
            order_id = late
        else:
            ids["next"] += np.uint64(1)
            order_id = ids["next"]
    if market["ids_sparse"] != 0:
        return mixed(order_id ^ _SPARSE)
    return np.uint64(order_id)


@kernel
def price_at(market: Record, book: int, step: int) -> int:
    """Price of a ladder step, 1e-9 units."""
    info = book_at(market, book)
    return int(info["base"] + step * info["tick"])


@kernel
def emit(
    market: Record,
    book: int,
    action: int,
    side: int,
    order_id: np.uint64,
    price: int,
    size: int,
    flags: int,
) -> None:
    """Write one record at the end of the buffer; ``side`` is the record's byte, ``price`` in 1e-9 units."""
    info = book_at(market, book)
    record = record_at(market, market["count"])
    record["length"] = 14
    record["rtype"] = RTYPE_MBO
    record["publisher_id"] = info["publisher"]
    record["instrument_id"] = info["instrument"]
    record["ts_event"] = market["event"]
    record["order_id"] = order_id
    record["price"] = price
    record["size"] = size
    record["flags"] = flags
    record["channel_id"] = 0
    record["action"] = action
    record["side"] = side
    record["ts_recv"] = market["received"]
    record["ts_in_delta"] = market["delta"]
    record["sequence"] = market["sequence"] & np.uint64(0xFFFFFFFF)
    market["count"] += 1
    market["produced"] += 1


@kernel
def emit_order(market: Record, book: int, action: int, slot: int, size: int, flags: int) -> None:
    """Write a record that names a resting order, at its price and side."""
    order = order_at(market, slot)
    price = price_at(market, book, order["tick"])
    emit(market, book, action, side_code(order["side"]), order["id"], price, size, flags)
