"""A strategy context behind locks: shared maps of quotes, trades and features, each guarded by a read-write lock of
its own.

All workers share one context. Every event takes the write lock of the quotes, every trade that of the trades, every
evaluation that of the features; whatever a strategy reads takes the read lock for as long as it copies the value out.
Locks are POSIX rwlocks, taken per access.
"""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.containers import slot_at, table_get, table_insert, table_release, table_size
from lobench.engine.counters import LOCKS_TAKEN, UNCOUNTED, tally
from lobench.engine.layout import QUOTE, TABLE, TRADES, record
from lobench.engine.market import best_prices, copy_quote, copy_trades
from lobench.engine.native import (
    RWLOCK_BYTES,
    Record,
    free,
    read_lock,
    rwlock_destroy,
    rwlock_init,
    unlock,
    view,
    write_lock,
    zeroed,
)
from lobench.engine.policy import Context, ContextKernels, FeatureStore, Memory

_LOCK = ("u1", (RWLOCK_BYTES,))
CONTEXT = record(
    ("quotes_lock", *_LOCK), ("trades_lock", *_LOCK), ("features_lock", *_LOCK),
    ("quotes", TABLE), ("trades", TABLE), ("features", TABLE),
)  # fmt: skip
"""The shared context: three locks, three maps (by instrument id, instrument id, book key)."""
CONTEXT_BYTES = CONTEXT.itemsize
QUOTES_LOCK = CONTEXT.fields["quotes_lock"][1]  # type: ignore[index]
TRADES_LOCK = CONTEXT.fields["trades_lock"][1]  # type: ignore[index]
FEATURES_LOCK = CONTEXT.fields["features_lock"][1]  # type: ignore[index]
QUOTE_BYTES = QUOTE.itemsize
TRADES_BYTES = TRADES.itemsize


@kernel
def locked_entry(table: Record, key: int, size: int) -> int:
    """Address of the entry of ``key``, created if necessary. The map's write lock must be held."""
    address = table_get(table, key, UNCOUNTED, None)
    if address == 0:
        address = zeroed(size)
        table_insert(table, key, address, UNCOUNTED, None)
    return address


@kernel
def acquire_to_read(lock: int, probe: Record) -> None:
    read_lock(lock)
    tally(probe, LOCKS_TAKEN, 1)


@kernel
def acquire_to_write(lock: int, probe: Record) -> None:
    write_lock(lock)
    tally(probe, LOCKS_TAKEN, 1)


def build_locked(store: FeatureStore, memory: Memory) -> ContextKernels:
    """The locked context over this kind of feature store. State shared by all workers is on the heap."""
    size, start, stop, put, get = store.bytes, store.start, store.stop, store.put, store.get

    @kernel
    def create() -> int:
        address = zeroed(CONTEXT_BYTES)
        rwlock_init(address + QUOTES_LOCK, 0)
        rwlock_init(address + TRADES_LOCK, 0)
        rwlock_init(address + FEATURES_LOCK, 0)
        return address

    @kernel
    def destroy(context: int) -> None:
        shared = view(context, CONTEXT)
        for index in range(table_size(shared["features"])):
            held = slot_at(shared["features"], index)["value"]
            if held != 0:
                stop(held)
                free(held)
        for index in range(table_size(shared["quotes"])):
            free(slot_at(shared["quotes"], index)["value"])
        for index in range(table_size(shared["trades"])):
            free(slot_at(shared["trades"], index)["value"])
        table_release(shared["features"])
        table_release(shared["quotes"])
        table_release(shared["trades"])
        rwlock_destroy(context + QUOTES_LOCK)
        rwlock_destroy(context + TRADES_LOCK)
        rwlock_destroy(context + FEATURES_LOCK)
        free(context)

    @kernel
    def add_book(state: Record, book: Record, probe: Record) -> None:
        address = state["context"]
        acquire_to_write(address + FEATURES_LOCK, probe)
        made = zeroed(size)
        start(made)
        table_insert(view(address, CONTEXT)["features"], book["key"], made, UNCOUNTED, None)
        unlock(address + FEATURES_LOCK)

    @kernel
    def row(state: Record, book: Record, scratch: int) -> int:
        # Features are computed outside of the lock.
        return scratch

    @kernel
    def put_quote(state: Record, instrument: Record, probe: Record) -> None:
        address = state["context"]
        acquire_to_write(address + QUOTES_LOCK, probe)
        entry = locked_entry(view(address, CONTEXT)["quotes"], instrument["instrument_id"], QUOTE_BYTES)
        copy_quote(view(entry, QUOTE), instrument["quote"])
        unlock(address + QUOTES_LOCK)

    @kernel
    def put_trades(state: Record, instrument: Record, probe: Record) -> None:
        address = state["context"]
        acquire_to_write(address + TRADES_LOCK, probe)
        entry = locked_entry(view(address, CONTEXT)["trades"], instrument["instrument_id"], TRADES_BYTES)
        copy_trades(view(entry, TRADES), instrument["trades"])
        unlock(address + TRADES_LOCK)

    @kernel
    def put_features(state: Record, book: Record, row: int, probe: Record) -> None:
        address = state["context"]
        acquire_to_write(address + FEATURES_LOCK, probe)
        put(table_get(view(address, CONTEXT)["features"], book["key"], UNCOUNTED, None), row, probe)
        unlock(address + FEATURES_LOCK)

    @kernel
    def feature(state: Record, book: Record, index: int, probe: Record) -> float:
        address = state["context"]
        acquire_to_read(address + FEATURES_LOCK, probe)
        held = table_get(view(address, CONTEXT)["features"], book["key"], UNCOUNTED, None)
        value = get(held, index, probe)
        unlock(address + FEATURES_LOCK)
        return value

    @kernel
    def mid(state: Record, instrument: Record, probe: Record) -> float:
        address = state["context"]
        acquire_to_read(address + QUOTES_LOCK, probe)
        entry = table_get(view(address, CONTEXT)["quotes"], instrument["instrument_id"], UNCOUNTED, None)
        value = view(entry, QUOTE)["mid"]
        unlock(address + QUOTES_LOCK)
        return value

    @kernel
    def best(state: Record, instrument: Record, probe: Record) -> tuple[int, int]:
        address = state["context"]
        acquire_to_read(address + QUOTES_LOCK, probe)
        entry = table_get(view(address, CONTEXT)["quotes"], instrument["instrument_id"], UNCOUNTED, None)
        prices = best_prices(view(entry, QUOTE))
        unlock(address + QUOTES_LOCK)
        return prices

    @kernel
    def trade_mean(state: Record, instrument: Record, probe: Record) -> float:
        address = state["context"]
        acquire_to_read(address + TRADES_LOCK, probe)
        value = np.nan
        entry = table_get(view(address, CONTEXT)["trades"], instrument["instrument_id"], UNCOUNTED, None)
        if entry != 0:
            value = view(entry, TRADES)["mean"]
        unlock(address + TRADES_LOCK)
        return value

    return ContextKernels(
        create=create,
        destroy=destroy,
        add_book=add_book,
        row=row,
        put_quote=put_quote,
        put_trades=put_trades,
        put_features=put_features,
        feature=feature,
        mid=mid,
        best=best,
        trade_mean=trade_mean,
    )


LOCKED = Context(name="locked", build=build_locked)
