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
    """Address of the entry of ``key``, made if there is none. The map's write lock must be held."""
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
    """The locked context over this kind of feature store. What all workers share lives on the heap."""
    size, start, stop, put, get = store.bytes, store.start, store.stop, store.put, store.get

    @kernel
    def create() -> int:
        address = zeroed(CONTEXT_BYTES)
        rwlock_init(address + QUOTES_LOCK, 0)
        rwlock_init(address + TRADES_LOCK, 0)
        rwlock_init(address + FEATURES_LOCK, 0)
        return address

    @kernel
    def destroy(address: int) -> None:
        context = view(address, CONTEXT)
        for index in range(table_size(context["features"])):
            held = slot_at(context["features"], index)["value"]
            if held != 0:
                stop(held)
                free(held)
        for index in range(table_size(context["quotes"])):
            free(slot_at(context["quotes"], index)["value"])
        for index in range(table_size(context["trades"])):
            free(slot_at(context["trades"], index)["value"])
        table_release(context["features"])
        table_release(context["quotes"])
        table_release(context["trades"])
        rwlock_destroy(address + QUOTES_LOCK)
        rwlock_destroy(address + TRADES_LOCK)
        rwlock_destroy(address + FEATURES_LOCK)
        free(address)

    @kernel
    def add_book(engine: Record, book: Record, probe: Record) -> None:
        address = engine["context"]
        acquire_to_write(address + FEATURES_LOCK, probe)
        made = zeroed(size)
        start(made)
        table_insert(view(address, CONTEXT)["features"], book["key"], made, UNCOUNTED, None)
        unlock(address + FEATURES_LOCK)

    @kernel
    def drop_book(engine: Record, book: Record) -> None:
        pass

    @kernel
    def row(engine: Record, book: Record, scratch: int) -> int:
        # Features are computed outside of the lock.
        return scratch

    @kernel
    def put_quote(engine: Record, instrument: Record, probe: Record) -> None:
        address = engine["context"]
        acquire_to_write(address + QUOTES_LOCK, probe)
        entry = locked_entry(view(address, CONTEXT)["quotes"], instrument["instrument_id"], QUOTE_BYTES)
        copy_quote(view(entry, QUOTE), instrument["quote"])
        unlock(address + QUOTES_LOCK)

    @kernel
    def put_trades(engine: Record, instrument: Record, probe: Record) -> None:
        address = engine["context"]
        acquire_to_write(address + TRADES_LOCK, probe)
        entry = locked_entry(view(address, CONTEXT)["trades"], instrument["instrument_id"], TRADES_BYTES)
        copy_trades(view(entry, TRADES), instrument["trades"])
        unlock(address + TRADES_LOCK)

    @kernel
    def put_features(engine: Record, book: Record, row: int, probe: Record) -> None:
        address = engine["context"]
        acquire_to_write(address + FEATURES_LOCK, probe)
        put(table_get(view(address, CONTEXT)["features"], book["key"], UNCOUNTED, None), row, probe)
        unlock(address + FEATURES_LOCK)

    @kernel
    def feature(engine: Record, book: Record, index: int, probe: Record) -> float:
        address = engine["context"]
        acquire_to_read(address + FEATURES_LOCK, probe)
        held = table_get(view(address, CONTEXT)["features"], book["key"], UNCOUNTED, None)
        value = get(held, index, probe)
        unlock(address + FEATURES_LOCK)
        return value

    @kernel
    def mid(engine: Record, instrument: Record, probe: Record) -> float:
        address = engine["context"]
        acquire_to_read(address + QUOTES_LOCK, probe)
        entry = table_get(view(address, CONTEXT)["quotes"], instrument["instrument_id"], UNCOUNTED, None)
        value = view(entry, QUOTE)["mid"]
        unlock(address + QUOTES_LOCK)
        return value

    @kernel
    def best(engine: Record, instrument: Record, probe: Record) -> tuple[int, int]:
        address = engine["context"]
        acquire_to_read(address + QUOTES_LOCK, probe)
        entry = table_get(view(address, CONTEXT)["quotes"], instrument["instrument_id"], UNCOUNTED, None)
        prices = best_prices(view(entry, QUOTE))
        unlock(address + QUOTES_LOCK)
        return prices

    @kernel
    def trade_mean(engine: Record, instrument: Record, probe: Record) -> float:
        address = engine["context"]
        acquire_to_read(address + TRADES_LOCK, probe)
        value = np.nan
        entry = table_get(view(address, CONTEXT)["trades"], instrument["instrument_id"], UNCOUNTED, None)
        if entry != 0:
            value = view(entry, TRADES)["mean"]
        unlock(address + TRADES_LOCK)
        return value

    return ContextKernels(
        create, destroy, add_book, drop_book, row, put_quote, put_trades, put_features, feature, mid, best, trade_mean
    )


LOCKED = Context("locked", build_locked)
