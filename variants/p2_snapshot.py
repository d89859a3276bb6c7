"""Phase 2: strategies read a pre-computed market snapshot, without a lock.

Each worker keeps the BBO and trades of its own instruments in their own records, which only its own strategies read.
Workers share only the data that they publish at batch boundaries.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.market import best_prices
from lobench.engine.native import Record
from lobench.engine.policy import Context, ContextKernels, FeatureStore, Memory
from lobench.variants import p1_zero_copy


def build_snapshot(store: FeatureStore, memory: Memory) -> ContextKernels:
    """The snapshot context over this kind of feature store, kept in this kind of memory."""
    size, start, stop, row_of, put, get = store.bytes, store.start, store.stop, store.row, store.put, store.get
    new_block, free_block = memory.new_block, memory.free_block

    @kernel
    def add_book(state: Record, book: Record, probe: Record) -> None:
        book["features"] = new_block(state, size, probe)
        start(book["features"])

    @kernel
    def drop_book(state: Record, book: Record) -> None:
        stop(book["features"])
        free_block(state, book["features"])

    @kernel
    def row(state: Record, book: Record, scratch: int) -> int:
        return row_of(book["features"], scratch)

    @kernel
    def put_features(state: Record, book: Record, row: int, probe: Record) -> None:
        put(book["features"], row, probe)

    @kernel
    def feature(state: Record, book: Record, index: int, probe: Record) -> float:
        return get(book["features"], index, probe)

    @kernel
    def mid(state: Record, instrument: Record, probe: Record) -> float:
        return instrument["quote"]["mid"]

    @kernel
    def best(state: Record, instrument: Record, probe: Record) -> tuple[int, int]:
        return best_prices(instrument["quote"])

    @kernel
    def trade_mean(state: Record, instrument: Record, probe: Record) -> float:
        return instrument["trades"]["mean"]

    return ContextKernels(
        add_book=add_book,
        drop_book=drop_book,
        row=row,
        put_features=put_features,
        feature=feature,
        mid=mid,
        best=best,
        trade_mean=trade_mean,
    )


SNAPSHOT = Context(name="snapshot", build=build_snapshot)

VARIANT = p1_zero_copy.VARIANT.derive("strategies read a snapshot, no locks", context=SNAPSHOT)
