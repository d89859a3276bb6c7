"""The shape that computes evaluations in blocks: when each is written, computed and published."""

from __future__ import annotations

from lobench.engine.compiling import inlined, kernel
from lobench.engine.layout import BOOK, INSTRUMENT
from lobench.engine.native import Record, free, int64, trailing_zeros, uint64, view, zeroed
from lobench.engine.policy import ContextKernels, LayoutKernels, Shape, ShapeKernels
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.tap import build_observe_moment, observe_outcome
from lobench.engine.trace import row_key
from lobench.variants.p6_simd.columns import GRAIN, ROWS, build_columns

NONE, ONE = uint64(0), uint64(1)


def build_column_shape(context: ContextKernels, layout: LayoutKernels, until: str) -> ShapeKernels:
    """The functions of this shape."""
    feature_count, strategy_count = len(FEATURES), len(STRATEGIES)
    decides = until == "strategies"
    columns = build_columns(layout, decides)
    observe_moment = build_observe_moment(layout)
    block_type, block_bytes = columns.block, columns.block.itemsize
    append, compute, copy_row = columns.append, columns.compute, columns.copy_row
    ends_of, decide, trade, trade_row = columns.ends, columns.decide, columns.trade, columns.trade_row
    trace, hand_over = columns.trace, columns.hand_over
    row_of, put_features, best_of, trade_mean_of = context.row, context.put_features, context.best, context.trade_mean
    means = any("trade_mean" in entry.parameters for entry in STRATEGIES.values())

    @kernel
    def prepare(state: Record) -> None:
        if state["shape_state"] == 0:
            state["shape_state"] = zeroed(block_bytes)

    @inlined
    def flush(state: Record, tap: Record, probe: Record) -> None:
        count = state["pending"]
        if count != 0:
            address = state["shape_state"]
            block = view(address, block_type)
            rows = (count + GRAIN - 1) & ~int64(GRAIN - 1)
            ends = ends_of(address, rows, count)
            compute(address, rows)
            deep = False
            if tap is not None:
                # Digests include the accounts after every row.
                deep = tap["deep"] != 0
            if decides:
                decide(address, rows)
                if not deep:
                    trade(state, address, rows, ends)
            if tap is not None:
                if deep:
                    for place in range(count):
                        if decides:
                            trade_row(state, address, place)
                        copy_row(block, place, state["row"])
                        book = view(block["book"][place], BOOK)
                        observe_outcome(book, state["row"], feature_count, strategy_count)
                hand_over(address, count, tap)
            state["trace"] += trace(address, rows, count)
            while ends != NONE:
                # A run ends with a book's last evaluation.
                place = trailing_zeros(ends)
                ends = ends & (ends - ONE)
                book = view(block["book"][place], BOOK)
                if book["newest"] == place:
                    row = row_of(state, book, state["row"])
                    copy_row(block, place, row)
                    put_features(state, book, row, probe)
            state["pending"] = 0

    @kernel
    def flush_block(state: Record, tap: Record, probe: Record) -> None:
        flush(state, tap, probe)

    @inlined
    def evaluate(state: Record, record: int, book_address: int, event: Record, tap: Record, probe: Record) -> None:
        book = view(book_address, BOOK)
        place = state["pending"]
        address = state["shape_state"]
        block = view(address, block_type)
        append(book, address, place)
        block["book"][place] = book_address
        block["key"][place] = row_key(book["key"], book["events"])
        book["newest"] = place
        if decides:
            block["accounts"][place] = book["strategies"]
            instrument = view(book["instrument"], INSTRUMENT)
            block["best_bid"][place], block["best_ask"][place] = best_of(state, instrument, probe)
            if means:
                block["trade_mean"][place] = trade_mean_of(state, instrument, probe)
        if tap is not None:
            block["place"][place] = observe_moment(record, book, tap)
        state["pending"] = place + 1
        if place + 1 == ROWS:
            flush_block(state, tap, probe)

    @kernel
    def destroy(state: Record) -> None:
        free(state["shape_state"])

    return ShapeKernels(prepare=prepare, evaluate=evaluate, flush=flush_block, destroy=destroy)


COLUMNS = Shape(name="columns", build=build_column_shape, mids=False, block=ROWS)
