"""Shared knowledge between instruments: quotes and trades as of the last batch boundary.

Each worker publishes its own instruments on its own board, at batch boundaries, between two barriers: boards are never
read and written at the same time, and a result depends neither on thread timing nor on the number of workers. If the
context is locked, the boards are read and written under its quotes lock.
"""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.containers import item, table_get, table_insert
from lobench.engine.counters import UNCOUNTED
from lobench.engine.layout import INSTRUMENT, PUBLISHED, SHARED, TABLE
from lobench.engine.market import copy_quote, copy_trades
from lobench.engine.native import Record, barrier_wait, float64, read_lock, unlock, view, write_lock, zeroed
from lobench.engine.shards import shard_of

PUBLISHED_BYTES = PUBLISHED.itemsize
TABLE_BYTES = TABLE.itemsize


@kernel
def board_of(state: Record, worker: int) -> Record:
    return view(view(state["shared"], SHARED)["boards"] + worker * TABLE_BYTES, TABLE)


@kernel(stage="strategies")
def publish(state: Record) -> None:
    """Put every instrument that changed since the last boundary on this worker's board. All workers must call it
    together."""
    shared = view(state["shared"], SHARED)
    if state["workers"] > 1:
        barrier_wait(shared["barrier"])
    if state["peer_lock"] != 0:
        write_lock(state["peer_lock"])
        state["peer_locks_taken"] += 1
    board = board_of(state, state["worker"])
    changed = state["dirty_instruments"]
    for index in range(changed["count"]):
        instrument = view(item(changed, index), INSTRUMENT)
        instrument["dirty"] = 0
        if instrument["published"] == 0:
            instrument["published"] = zeroed(PUBLISHED_BYTES)
            table_insert(board, instrument["instrument_id"], instrument["published"], UNCOUNTED, None)
        entry = view(instrument["published"], PUBLISHED)
        copy_quote(entry["quote"], instrument["quote"])
        copy_trades(entry["trades"], instrument["trades"])
    changed["count"] = 0
    if state["peer_lock"] != 0:
        unlock(state["peer_lock"])
    if state["workers"] > 1:
        barrier_wait(shared["barrier"])


@kernel
def peer_entry(state: Record, instrument_id: int) -> int:
    """Address of an instrument's published data, 0 if there is none."""
    board = board_of(state, shard_of(state, instrument_id))
    return table_get(board, instrument_id, UNCOUNTED, None)


@kernel
def peer_quote(market: Record, instrument_id: int) -> tuple[float, float]:
    """Best bid and ask price (in 1e-9 units) of any instrument as of the last batch boundary; NaN where there is
    none."""
    bid, ask = np.nan, np.nan
    if market["peer_lock"] != 0:
        read_lock(market["peer_lock"])
        market["peer_locks_taken"] += 1
    address = peer_entry(market, instrument_id)
    if address != 0:
        quote = view(address, PUBLISHED)["quote"]
        if quote["bid_size"] != 0:
            bid = float64(quote["bid_price"])
        if quote["ask_size"] != 0:
            ask = float64(quote["ask_price"])
    if market["peer_lock"] != 0:
        unlock(market["peer_lock"])
    return bid, ask


@kernel
def peer_trade(market: Record, instrument_id: int) -> float:
    """Last trade price (in 1e-9 units) of any instrument as of the last batch boundary; NaN if there is none."""
    price = np.nan
    if market["peer_lock"] != 0:
        read_lock(market["peer_lock"])
        market["peer_locks_taken"] += 1
    address = peer_entry(market, instrument_id)
    if address != 0:
        trades = view(address, PUBLISHED)["trades"]
        if trades["count"] != 0:
            price = float64(trades["price"])
    if market["peer_lock"] != 0:
        unlock(market["peer_lock"])
    return price
