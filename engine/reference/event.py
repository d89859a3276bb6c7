"""Event by event: an evaluation goes through all its stages at once, before the next record is looked at."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.inputs import INPUTS, gather, remember_quotes
from lobench.engine.layout import BOOK, INSTRUMENT
from lobench.engine.native import DOUBLE, Record, int64, view
from lobench.engine.policy import ContextKernels, LayoutKernels, Shape, ShapeKernels
from lobench.engine.registry import FEATURES, STRATEGIES, build_features, build_strategies
from lobench.engine.tap import build_observe_moment, observe_outcome, write_row
from lobench.engine.trace import build_feature_trace, row_key


def build_event(context: ContextKernels, layout: LayoutKernels, until: str) -> ShapeKernels:
    """The functions of this shape."""
    feature_count, strategy_count = len(FEATURES), len(STRATEGIES)
    compute, decide = build_features(), build_strategies(context)
    row_of, put_features, feature_of = context.row, context.put_features, context.feature
    observe_moment, read_side, best = build_observe_moment(layout), layout.read_side, layout.best
    trace_row = build_feature_trace()
    decides = until == "strategies"

    @kernel
    def prepare(state: Record) -> None:
        pass

    @kernel
    def evaluate(state: Record, record: int, book_address: int, event: Record, tap: Record, probe: Record) -> None:
        book = view(book_address, BOOK)
        inputs = view(state["inputs"], INPUTS)
        row = row_of(state, book, state["row"])
        read_side(book, 0, inputs["bid"])
        read_side(book, 1, inputs["ask"])
        gather(book, inputs)
        compute(inputs, row)
        remember_quotes(book, inputs)
        put_features(state, book, row, probe)
        signals = (int64(0), int64(0), int64(0), int64(0))
        if decides:
            signals = decide(state, book, view(book["instrument"], INSTRUMENT), book["strategies"], probe)
        bid_price, bid_size = best(book, 0)
        ask_price, ask_size = best(book, 1)
        key = row_key(book["key"], book["events"])
        state["trace"] += trace_row(key, row, bid_price, bid_size, ask_price, ask_size, signals)
        if tap is not None:
            place = observe_moment(record, book, tap)
            if place >= 0 or tap["deep"] != 0:
                # Observe what the context returns, not what was computed.
                for index in range(feature_count):
                    view(state["row"] + 8 * index, DOUBLE)["value"] = feature_of(state, book, index, None)
            if tap["deep"] != 0:
                observe_outcome(book, state["row"], feature_count, strategy_count)
            if place >= 0:
                write_row(place, state["row"], 8, tap)

    @kernel
    def flush(state: Record, tap: Record, probe: Record) -> None:
        pass

    @kernel
    def destroy(state: Record) -> None:
        pass

    return ShapeKernels(prepare=prepare, evaluate=evaluate, flush=flush, destroy=destroy)


EVENT = Shape(name="event", build=build_event)
