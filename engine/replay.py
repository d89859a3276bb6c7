"""The one replay loop: every variant is this text with other policies inlined.

Each record is read, found its book, applied, and made known to the context; records that close an event are
evaluated, at once or later, as the variant's shape has it, and each evaluation goes into the running trace. A replay
may stop after any stage (``until``): what later stages need is then not compiled. Builds differ by the types of the
last two arguments: with a tap evaluations are handed out, with a probe mechanisms are counted. The one with neither
is timed, and proves itself by its trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import lobench.engine.strategies  # noqa: F401  (registers the features and strategies that every variant computes)
from lobench.engine.actions import changes_book, note
from lobench.engine.anomalies import TRADE_UNDEFINED_PRICE, UNKNOWN_ACTION
from lobench.engine.answers import build_answers
from lobench.engine.board import publish
from lobench.engine.compiling import entry, inlined, kernel
from lobench.engine.containers import append, item
from lobench.engine.layout import BACKTEST, BOOK, ENGINE, INSTRUMENT, MEMORY
from lobench.engine.market import book_key, destroy_market, open_book, record_trade
from lobench.engine.native import Record, int64, view
from lobench.engine.policy import COMPILED_AXES, STAGES, Variant
from lobench.engine.records import BATCH, FILL, MBO, NONE, TRADE, UNDEF_PRICE
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.shards import index_of, split
from lobench.engine.tap import build_samples, observe_event
from lobench.engine.trace import note_quotes, row_key
from lobench.engine.trackers import close_window, follow_trade

BACKTEST_BYTES = BACKTEST.itemsize


@dataclass(frozen=True)
class Kernels:
    """The compiled functions of one variant; state is passed by address.

    - ``replay(engine, address, stride, count, tap, probe)``: handle ``count`` records.
    - ``sample(engine)``: take the final samples.
    - ``end_state``, ``question``, ``newest``: see ``lobench.engine.answers``.
    - ``memory(engine, found)``: what the books take, added to a ``MEMORY`` record's address.
    - ``create_context() -> address``, ``destroy_context(address)``, ``destroy(engine)``.
    """

    replay: Any
    sample: Any
    end_state: Any
    question: Any
    newest: Any
    memory: Any
    create_context: Any
    destroy_context: Any
    destroy: Any


def build(variant: Variant, until: str = "strategies") -> Kernels:
    """The kernels of a variant that stop after stage ``until``, for the features and strategies registered now; the
    same object for the same question."""
    return _build(
        tuple(getattr(variant, axis) for axis in COMPILED_AXES),
        tuple(FEATURES.items()),
        tuple(STRATEGIES.items()),
        until,
    )


@kernel
def decode(engine: Record, event: Record) -> None:
    """Read every field that any stage uses; their sum is kept, so that none can be left out."""
    total = int64(event["order_id"]) + event["price"] + int64(event["ts_event"]) + int64(event["size"])
    total += int64(event["instrument_id"]) + int64(event["publisher_id"])
    engine["decoded"] += total + int64(event["action"]) + int64(event["side"]) + int64(event["flags"])


@cache
def _build(policies: tuple[Any, ...], features: tuple[Any, ...], strategies: tuple[Any, ...], until: str) -> Kernels:
    events, context_policy, feature_policy, lookup, memory, shape_policy, layout_policy = policies
    strategy_count = len(strategies)
    books, tracked, decides = (STAGES.index(until) >= place for place in (1, 2, 3))
    # Nobody else looks at the boards.
    publishes = decides and any("market" in entry.parameters for _, entry in strategies)
    context = context_policy.build(feature_policy.build(tuple(name for name, _ in features)), memory)
    layout = layout_policy.build(lookup, memory, tracked, decides and shape_policy.mids)
    shape = shape_policy.build(context, layout, until)
    take_samples, observe_boundary = build_samples(layout)
    answers = build_answers(context, layout, until)

    load, at, release = events.load, events.at, events.release
    reserve, share_out, look_ahead, find, new_book, start_book = (
        layout.prepare,
        layout.split if books else split,
        layout.look_ahead,
        layout.find,
        layout.new_book,
        layout.start,
    )
    apply, follow, best_price, best = layout.apply, layout.follow, layout.best_price, layout.best
    measure, drop, destroy_layout = layout.measure, layout.drop, layout.destroy
    create, destroy_shared, add_book, drop_book = context.create, context.destroy, context.add_book, context.drop_book
    put_quote, put_trades = context.put_quote, context.put_trades
    new_block, free_block = memory.new_block, memory.free_block
    prepare, evaluate, flush, destroy_shape = shape.prepare, shape.evaluate, shape.flush, shape.destroy

    @inlined(stage="lookup")
    def book_of(engine: Record, event: Record, turn: int, probe: Record) -> int:
        """Address of the event's book, made with its first record."""
        address = find(engine, event, turn)
        if address == 0:
            address = new_book(engine, probe)
            key = book_key(event["instrument_id"], event["publisher_id"])
            open_book(engine, address, key, new_block(engine, strategy_count * BACKTEST_BYTES, probe))
            start_book(engine, address)
            book = view(address, BOOK)
            if tracked:
                add_book(engine, book, probe)
            if decides:
                put_quote(engine, view(book["instrument"], INSTRUMENT), probe)
        return address

    @inlined
    def trade(engine: Record, book: Record, instrument: Record, event: Record, probe: Record) -> None:
        if event["price"] == UNDEF_PRICE:
            note(engine, TRADE_UNDEFINED_PRICE)
        else:
            if tracked:
                follow_trade(book, event, best_price(book, 0) + best_price(book, 1))
            if decides:
                record_trade(instrument, event)
                put_trades(engine, instrument, probe)

    @inlined(stage="levels", nested=True)
    def handle(engine: Record, record: int, turn: int, event: Record, tap: Record, probe: Record) -> None:
        """One record, this worker's ``turn``-th of the batch, from the book to its evaluation."""
        address = book_of(engine, event, turn, probe)
        book = view(address, BOOK)
        instrument = view(book["instrument"], INSTRUMENT)
        book["events"] += 1
        action = event["action"]
        changed = changes_book(action)
        if changed:
            apply(engine, address, event, probe)
        elif action == TRADE:
            trade(engine, book, instrument, event, probe)
        elif action != FILL and action != NONE:
            note(engine, UNKNOWN_ACTION)
        if tracked:
            close_window(book)
        if changed:
            follow(engine, address, instrument, probe)
            if decides:
                put_quote(engine, instrument, probe)
        if publishes and instrument["dirty"] == 0:
            instrument["dirty"] = 1
            append(engine["dirty_instruments"], book["instrument"])
        observe_event(engine, address, tap)
        if (int64(event["flags"]) & engine["flag_mask"]) == engine["flag_value"]:
            engine["evaluations"] += 1
            if tracked:
                evaluate(engine, record, address, event, tap, probe)
            else:
                note_quotes(engine, row_key(book["key"], book["events"]), best(book, 0), best(book, 1))

    @entry(stage="decode", nested=True)
    def replay(state: int, address: int, stride: int, count: int, tap: Record, probe: Record) -> None:
        engine = view(state, ENGINE)
        prepare(engine)
        done = int64(0)
        while done < count:
            start = address + done * stride
            length = min(BATCH - engine["records"] % BATCH, count - done)
            if books:
                reserve(engine, length, probe)
            load(engine, start, stride, length, probe)
            turns = share_out(engine, start, stride, length)
            for turn in range(turns):
                if books:
                    look_ahead(engine, start, stride, turn, turns, probe)
                index = index_of(engine, turn)
                place = at(engine, start, stride, index)
                event = view(place, MBO)
                if engine["stopped"] == 0:
                    engine["events"] += 1
                    if books:
                        record = engine["records"] + index
                        handle(engine, record, turn, event, tap, probe)
                        if engine["strict"] != 0 and engine["anomaly"] >= 0:
                            engine["stopped"] = 1
                            engine["stop_index"] = record
                    else:
                        decode(engine, event)
                release(engine, place)
            engine["records"] += length
            done += length
            if engine["records"] % BATCH == 0:
                if tracked:
                    flush(engine, tap, probe)
                if publishes:
                    publish(engine)
                observe_boundary(engine, tap)
        if tracked:
            flush(engine, tap, probe)

    @entry
    def sample(state: int) -> None:
        take_samples(view(state, ENGINE))

    @entry
    def measure_memory(state: int, found: int) -> None:
        measure(view(state, ENGINE), view(found, MEMORY))

    @entry
    def create_context() -> int:
        return create()

    @entry
    def destroy_context(address: int) -> None:
        destroy_shared(address)

    @entry
    def destroy(state: int) -> None:
        engine = view(state, ENGINE)
        for index in range(engine["books"]["count"]):
            address = item(engine["books"], index)
            book = view(address, BOOK)
            if tracked:
                drop_book(engine, book)
            free_block(engine, book["strategies"])
            drop(engine, address)
        destroy_shape(engine)
        destroy_layout(engine)
        destroy_market(engine)

    return Kernels(
        replay=replay,
        sample=sample,
        end_state=answers.end_state,
        question=answers.question,
        newest=answers.newest,
        memory=measure_memory,
        create_context=create_context,
        destroy_context=destroy_context,
        destroy=destroy,
    )
