"""The one replay loop: every variant is this text with other policies inlined.

Each record is read, applied to its book, and made known to the context; records that close an event are evaluated, at
once or later, depending on the variant's shape, and each evaluation enters the running trace. A replay may stop after
any stage (``until``): code that only later stages need is then not compiled. Builds differ by the types of the last two
arguments: with a tap evaluations are passed out, with a probe mechanisms are counted. The build with neither is timed,
and verified by its trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from numba import types

import lobench.engine.strategies  # noqa: F401  (registers the features and strategies that every variant computes)
from lobench.engine import shards
from lobench.engine.actions import changes_book, note
from lobench.engine.aligned_alloc import LINE_BYTES
from lobench.engine.anomalies import TRADE_UNDEFINED_PRICE, UNKNOWN_ACTION
from lobench.engine.answers import build_answers
from lobench.engine.board import publish
from lobench.engine.compiling import address_of_entry, entry, inlined, kernel
from lobench.engine.containers import append, item, slot_at, table_size
from lobench.engine.layout import BACKTEST, BOOK, INSTRUMENT, MEMORY, STATE
from lobench.engine.market import (
    INSTRUMENT_BYTES,
    book_key,
    destroy_market,
    find_instrument,
    open_book,
    open_instrument,
    record_trade,
)
from lobench.engine.native import Record, free, int64, view
from lobench.engine.policy import COMPILED_AXES, Variant
from lobench.engine.records import BATCH, FILL, MBO, NONE, TRADE, UNDEF_PRICE
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.shards import index_of
from lobench.engine.stages import STAGES
from lobench.engine.tap import build_samples, observe_event
from lobench.engine.trace import note_quotes, row_key
from lobench.engine.trackers import close_window, follow_trade

BACKTEST_BYTES = BACKTEST.itemsize


@dataclass(frozen=True)
class Kernels:
    """The compiled functions of one variant; state is passed by address.

    - ``replay(state, address, stride, count, tap, probe)``: handle ``count`` records.
    - ``sample(state)``: take the final samples.
    - ``end_state``, ``question``, ``newest``: see ``lobench.engine.answers``.
    - ``memory(state, found)``: what the books take, added to a ``MEMORY`` record's address.
    - ``create_context() -> address``, ``destroy_context(address)``, ``destroy(state)``.
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


TIMED = (*[types.int64] * 4, types.none, types.none)
"""Argument types of ``replay`` in the timed build: no tap, no probe."""


def timed_address(kernels: Kernels) -> int:
    """Where the machine code of ``replay`` lies in the build that is timed, once that was used."""
    return address_of_entry(kernels.replay, TIMED)


@kernel
def decode(state: Record, event: Record) -> None:
    """Read every field that any stage uses; their sum is kept, so that none can be left out."""
    total = int64(event["order_id"]) + event["price"] + int64(event["ts_event"]) + int64(event["size"])
    total += int64(event["instrument_id"]) + int64(event["publisher_id"])
    state["decoded"] += total + int64(event["action"]) + int64(event["side"]) + int64(event["flags"])


@cache
def _build(policies: tuple[Any, ...], features: tuple[Any, ...], strategies: tuple[Any, ...], until: str) -> Kernels:
    events, context_policy, feature_policy, lookup, memory, shape_policy, layout_policy = policies
    strategy_count = len(strategies)
    books, tracked, decides = (STAGES.index(until) >= place for place in (1, 2, 3))
    # Nothing else reads the boards.
    publishes = decides and any("market" in entry.parameters for _, entry in strategies)
    context = context_policy.build(feature_policy.build(tuple(name for name, _ in features)), memory)
    layout = layout_policy.build(lookup, memory, tracked, shape_policy.mids if decides else None)
    shape = shape_policy.build(context, layout, until)
    take_samples, observe_boundary = build_samples(layout)
    answers = build_answers(context, layout, until)

    load, at, release = events.load, events.at, events.release
    reserve, split, longest, take_copies, look_ahead, find, new_book, start_book = (
        layout.reserve,
        layout.split if books else shards.split,
        layout.longest,
        layout.take_copies,
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
    def book_of(state: Record, event: Record, turn: int, probe: Record) -> int:
        """Address of the event's book, made with its first record."""
        address = find(state, event, turn)
        if address == 0:
            address = new_book(state, probe)
            key = book_key(event["instrument_id"], event["publisher_id"])
            instrument = find_instrument(state, key >> 16)
            if instrument == 0:
                instrument = new_block(state, INSTRUMENT_BYTES, probe)
                open_instrument(state, instrument, key >> 16)
            open_book(state, address, key, instrument, new_block(state, strategy_count * BACKTEST_BYTES, probe))
            start_book(state, address)
            book = view(address, BOOK)
            if tracked:
                add_book(state, book, probe)
            if decides:
                put_quote(state, view(book["instrument"], INSTRUMENT), probe)
        return address

    @inlined
    def trade(state: Record, book: Record, instrument: Record, event: Record, probe: Record) -> None:
        if event["price"] == UNDEF_PRICE:
            note(state, TRADE_UNDEFINED_PRICE)
        else:
            if tracked:
                follow_trade(book, event, best_price(book, 0) + best_price(book, 1))
            if decides:
                record_trade(instrument, event)
                put_trades(state, instrument, probe)

    @inlined(stage="levels", nested=True)
    def handle(state: Record, record: int, turn: int, event: Record, tap: Record, probe: Record) -> None:
        """One record, this worker's ``turn``-th of the batch, from the book to its evaluation."""
        address = book_of(state, event, turn, probe)
        book = view(address, BOOK)
        instrument = view(book["instrument"], INSTRUMENT)
        book["events"] += 1
        action = event["action"]
        changed = changes_book(action)
        if changed:
            apply(state, address, event, probe)
        elif action == TRADE:
            trade(state, book, instrument, event, probe)
        elif action != FILL and action != NONE:
            note(state, UNKNOWN_ACTION)
        if tracked:
            close_window(book)
        if changed:
            follow(state, address, instrument, probe)
            if decides:
                put_quote(state, instrument, probe)
        if publishes and instrument["dirty"] == 0:
            instrument["dirty"] = 1
            append(state["dirty_instruments"], book["instrument"])
        observe_event(state, address, tap)
        if (int64(event["flags"]) & state["flag_mask"]) == state["flag_value"]:
            state["evaluations"] += 1
            if tracked:
                evaluate(state, record, address, event, tap, probe)
            else:
                note_quotes(state, row_key(book["key"], book["events"]), best(book, 0), best(book, 1))

    @entry(stage="decode", nested=True)
    def replay(state_address: int, address: int, stride: int, count: int, tap: Record, probe: Record) -> None:
        state = view(state_address, STATE)
        prepare(state)
        if books:
            reserve(state, 0, probe)
        done = int64(0)
        while done < count:
            start, apart = address + done * stride, int64(stride)
            most = int64(BATCH)
            if tap is None and tracked and not publishes:
                # Nothing observes the ends of batches.
                most = longest(state, count - done)
            length = min(most - state["records"] % BATCH, count - done)
            if books:
                reserve(state, length, probe)
            if most == BATCH:
                load(state, start, apart, length, probe)
                turns = split(state, start, apart, length)
            else:
                start, turns = take_copies(state, start, apart, length)
                apart = int64(LINE_BYTES)
                load(state, start, apart, turns, probe)
            for turn in range(turns):
                if books:
                    look_ahead(state, start, apart, turn, turns, probe)
                index = index_of(state, turn)
                place = at(state, start, apart, index)
                event = view(place, MBO)
                if state["stopped"] == 0:
                    state["events"] += 1
                    if books:
                        record = state["records"] + index
                        handle(state, record, turn, event, tap, probe)
                        if state["strict"] != 0 and state["anomaly"] >= 0:
                            state["stopped"] = 1
                            state["stop_index"] = record
                    else:
                        decode(state, event)
                release(state, place)
            state["records"] += length
            done += length
            if state["records"] % BATCH == 0:
                if tracked:
                    flush(state, tap, probe)
                if publishes:
                    publish(state)
                observe_boundary(state, tap)
        if tracked:
            flush(state, tap, probe)

    @entry
    def sample(state_address: int) -> None:
        take_samples(view(state_address, STATE))

    @entry
    def measure_memory(state_address: int, found: int) -> None:
        measure(view(state_address, STATE), view(found, MEMORY))

    @entry
    def create_context() -> int:
        return create()

    @entry
    def destroy_context(address: int) -> None:
        destroy_shared(address)

    @entry
    def destroy(state_address: int) -> None:
        state = view(state_address, STATE)
        for index in range(state["books"]["count"]):
            address = item(state["books"], index)
            book = view(address, BOOK)
            if tracked:
                drop_book(state, book)
            free_block(state, book["strategies"])
            drop(state, address)
        instruments = state["instrument_table"]
        for index in range(table_size(instruments)):
            address = slot_at(instruments, index)["value"]
            if address != 0:
                free(view(address, INSTRUMENT)["published"])
                free_block(state, address)
        destroy_shape(state)
        destroy_layout(state)
        destroy_market(state)

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
