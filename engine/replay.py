"""The one replay loop: every variant is this text with other policies inlined.

Each record is read, found its book, applied, and made known to the context; records that close an event are
evaluated. Three builds come of the same text, by the types of the last two arguments: timed (no tap, no probe),
observed (tap), instrumented (tap and probe).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from numba import njit

import engine.strategies  # noqa: F401  (registers the features and strategies that every variant computes)
from engine.anomalies import TRADE_UNDEFINED_PRICE, UNKNOWN_ACTION
from engine.board import publish
from engine.book import build_book, changes_book, note
from engine.containers import append, item, table_release
from engine.digest import accounts_value, book_value, fold, row_value, share
from engine.inputs import INPUTS, gather, remember_quotes
from engine.layout import BOOK, ENGINE, INSTRUMENT
from engine.market import book_key, destroy_market, find_book, new_book, record_trade, requote
from engine.native import DOUBLE, Record, free, inlined, int64, uint64, view
from engine.policy import Variant
from engine.records import BATCH, FILL, MBO, NONE, TRADE, UNDEF_PRICE
from engine.registry import FEATURES, STRATEGIES, build_features, build_strategies
from engine.shards import is_mine
from engine.tap import observe_boundary, observe_evaluation, observe_event, take_samples
from engine.trackers import close_window, follow_best, follow_trade


@dataclass(frozen=True)
class Kernels:
    """The compiled functions of one variant; state is passed by address.

    - ``replay(engine, address, stride, count, tap, probe)``: handle ``count`` records.
    - ``sample(engine)``: take the final samples.
    - ``end_state(engine, row) -> uint64``: digest of all books, newest features and accounts; ``row`` is room for the
      features.
    - ``create_context() -> address``, ``destroy_context(address)``, ``destroy(engine)``.
    """

    replay: Any
    sample: Any
    end_state: Any
    create_context: Any
    destroy_context: Any
    destroy: Any


def build(variant: Variant) -> Kernels:
    """The kernels of a variant, for the features and strategies registered now; the same object for the same
    question."""
    policies = (variant.events, variant.context, variant.features, variant.lookup, variant.memory)
    return _build(policies, tuple(FEATURES.items()), tuple(STRATEGIES.items()))


@cache
def _build(policies: tuple[Any, ...], features: tuple[Any, ...], strategies: tuple[Any, ...]) -> Kernels:
    events, context_policy, feature_policy, lookup, memory = policies
    feature_count, strategy_count = len(features), len(strategies)
    context = context_policy.build(feature_policy.build(tuple(name for name, _ in features)))
    book_kernels = build_book(lookup, memory)
    compute, decide = build_features(), build_strategies(context)

    load, at, release = events.load, events.at, events.release
    apply, clear = book_kernels.apply, book_kernels.clear
    create, destroy_shared, add_book, drop_book = context.create, context.destroy, context.add_book, context.drop_book
    put_quote, put_trades, put_features = context.put_quote, context.put_trades, context.put_features
    feature_of, row_of = context.feature, context.row
    destroy_memory = memory.destroy

    @inlined
    def book_of(engine: Record, event: Record, probe: Record) -> int:
        """Address of the event's book, made with its first record."""
        key = book_key(event["instrument_id"], event["publisher_id"])
        address = find_book(engine, key)
        if address == 0:
            address = new_book(engine, key, strategy_count)
            engine["last_book"] = address
            book = view(address, BOOK)
            add_book(engine, book, probe)
            put_quote(engine, view(book["instrument"], INSTRUMENT), probe)
        return address

    @inlined
    def evaluate(
        engine: Record, record: int, book: Record, instrument: Record, event: Record, tap: Record, probe: Record
    ) -> None:
        inputs = view(engine["inputs"], INPUTS)
        row = row_of(engine, book, engine["row"])
        gather(book, inputs)
        compute(inputs, row)
        remember_quotes(book, inputs)
        put_features(engine, book, row, probe)
        decide(engine, book, instrument, book["strategies"], probe)
        engine["evaluations"] += 1
        if tap is not None:
            # What is observed is what the context gives back, not what was computed.
            for place in range(feature_count):
                view(engine["row"] + 8 * place, DOUBLE)["value"] = feature_of(engine, book, place, None)
            observe_evaluation(record, book, event, engine["row"], feature_count, strategy_count, tap)

    @inlined
    def handle(engine: Record, record: int, event: Record, tap: Record, probe: Record) -> None:
        """One record, from the book to the strategies."""
        address = book_of(engine, event, probe)
        book = view(address, BOOK)
        instrument = view(book["instrument"], INSTRUMENT)
        engine["events"] += 1
        book["events"] += 1
        action = event["action"]
        changed = changes_book(action)
        if changed:
            apply(engine, address, event, probe)
        elif action == TRADE:
            if event["price"] == UNDEF_PRICE:
                note(engine, TRADE_UNDEFINED_PRICE)
            else:
                follow_trade(book, event)
                record_trade(instrument, event)
                put_trades(engine, instrument, probe)
        elif action != FILL and action != NONE:
            note(engine, UNKNOWN_ACTION)
        close_window(book)
        if changed:
            follow_best(book["bid"], book["events"])
            follow_best(book["ask"], book["events"])
            requote(instrument)
            put_quote(engine, instrument, probe)
        if instrument["dirty"] == 0:
            instrument["dirty"] = 1
            append(engine["dirty_instruments"], book["instrument"])
        observe_event(engine, address, tap)
        if (int64(event["flags"]) & engine["flag_mask"]) == engine["flag_value"]:
            evaluate(engine, record, book, instrument, event, tap, probe)

    @njit(nogil=True, cache=True, error_model="numpy")
    def replay(state: int, address: int, stride: int, count: int, tap: Record, probe: Record) -> None:
        engine = view(state, ENGINE)
        done = int64(0)
        while done < count:
            start = address + done * stride
            length = min(BATCH - engine["records"] % BATCH, count - done)
            load(engine, start, stride, length, probe)
            for index in range(length):
                place = at(engine, start, stride, index)
                if place != 0:
                    event = view(place, MBO)
                    if engine["stopped"] == 0 and is_mine(engine, int64(event["instrument_id"])):
                        record = engine["records"] + index
                        handle(engine, record, event, tap, probe)
                        if engine["strict"] != 0 and engine["anomaly"] >= 0:
                            engine["stopped"] = 1
                            engine["stop_index"] = record
                    release(engine, place)
            engine["records"] += length
            done += length
            if engine["records"] % BATCH == 0:
                publish(engine)
                observe_boundary(engine, tap)

    @njit(nogil=True, cache=True, error_model="numpy")
    def sample(state: int) -> None:
        take_samples(view(state, ENGINE))

    @njit(nogil=True, cache=True, error_model="numpy")
    def end_state(state: int, row: int) -> int:
        engine = view(state, ENGINE)
        total = uint64(0)
        for index in range(engine["books"]["count"]):
            book = view(item(engine["books"], index), BOOK)
            for place in range(feature_count):
                view(row + 8 * place, DOUBLE)["value"] = feature_of(engine, book, place, None)
            value = fold(uint64(0), book_value(book))
            value = fold(value, row_value(row, feature_count))
            value = fold(value, accounts_value(book["strategies"], strategy_count))
            total += share(value, book["key"])
        return total

    @njit(nogil=True, cache=True, error_model="numpy")
    def create_context() -> int:
        return create()

    @njit(nogil=True, cache=True, error_model="numpy")
    def destroy_context(address: int) -> None:
        destroy_shared(address)

    @njit(nogil=True, cache=True, error_model="numpy")
    def destroy(state: int) -> None:
        engine = view(state, ENGINE)
        for index in range(engine["books"]["count"]):
            address = item(engine["books"], index)
            book = view(address, BOOK)
            clear(engine, address, None)
            drop_book(engine, book)
            free(book["bid"]["rungs"])
            free(book["ask"]["rungs"])
            table_release(book["orders"])
            free(book["strategies"])
            free(address)
        destroy_memory(engine)
        destroy_market(engine)

    return Kernels(replay, sample, end_state, create_context, destroy_context, destroy)
