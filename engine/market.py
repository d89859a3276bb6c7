"""The books and instruments of one worker: found by id, made with their first record, quoted after every event."""

from __future__ import annotations

import math

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.containers import append, table_get, table_insert, table_release
from lobench.engine.counters import UNCOUNTED
from lobench.engine.layout import BOOK, INSTRUMENT, LEVEL, QUOTE, TRADE_WINDOW, TRADES
from lobench.engine.native import Record, address_of, float64, free, int64, memcpy, view
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.trackers import start_trackers

INSTRUMENT_BYTES = INSTRUMENT.itemsize
QUOTE_BYTES = QUOTE.itemsize
TRADES_BYTES = TRADES.itemsize


@kernel
def book_key(instrument_id: int, publisher_id: int) -> int:
    return (int64(instrument_id) << 16) | int64(publisher_id)


@kernel
def find_instrument(state: Record, instrument_id: int) -> int:
    """Address of an instrument's record, 0 if it had no event yet."""
    return table_get(state["instrument_table"], instrument_id, UNCOUNTED, None)


@kernel
def open_instrument(state: Record, address: int, instrument_id: int) -> None:
    """Make zeroed memory a new instrument without books."""
    instrument = view(address, INSTRUMENT)
    instrument["instrument_id"] = instrument_id
    instrument["quote"]["mid"] = np.nan
    instrument["trades"]["mean"] = np.nan
    table_insert(state["instrument_table"], instrument_id, address, UNCOUNTED, None)


@kernel
def open_book(state: Record, address: int, key: int, instrument_address: int, accounts: int) -> None:
    """Make zeroed memory a new, empty book, first in its instrument's list; its feature store is still to be made."""
    book = view(address, BOOK)
    book["key"] = key
    book["instrument_id"] = key >> 16
    book["publisher_id"] = key & 0xFFFF
    book["strategies"] = accounts
    start_trackers(book["trackers"])
    book["instrument"] = instrument_address
    instrument = view(instrument_address, INSTRUMENT)
    book["next_of_instrument"] = instrument["books"]
    instrument["books"] = address
    table_insert(state["book_table"], key, address, UNCOUNTED, None)
    append(state["books"], address)
    state["last_book"] = address


@kernel
def find_book(state: Record, key: int) -> int:
    """Address of the book, 0 if it had no record yet; the last one asked for is remembered."""
    address = state["last_book"]
    if key != state["last_key"] or address == 0:
        address = table_get(state["book_table"], key, UNCOUNTED, None)
        state["last_key"] = key
        state["last_book"] = address
    return address


@kernel
def best_of_books(instrument: Record, which: int) -> tuple[int, int, int]:
    """Price, size and count of the best level of side ``which`` over the instrument's books; size 0 if all are
    empty."""
    price, size, count = int64(0), int64(0), int64(0)
    address = instrument["books"]
    while address != 0:
        book = view(address, BOOK)
        best = book["bid"]["best"] if which == 0 else book["ask"]["best"]
        if best != 0:
            level = view(best, LEVEL)
            better = level["price"] > price if which == 0 else level["price"] < price
            if size == 0 or better:
                price, size, count = level["price"], level["size"], level["count"]
            elif level["price"] == price:
                size += level["size"]
                count += level["count"]
        address = book["next_of_instrument"]
    return price, size, count


@kernel(stage="strategies")
def requote(instrument: Record) -> None:
    """The instrument's BBO over all its books: best price, with size and count summed over the books at that price."""
    quote = instrument["quote"]
    bid_price, bid_size, quote["bid_count"] = best_of_books(instrument, 0)
    ask_price, ask_size, quote["ask_count"] = best_of_books(instrument, 1)
    if bid_size == 0 or ask_size == 0:
        quote["mid"] = np.nan
    elif math.isnan(quote["mid"]) or bid_price != quote["bid_price"] or ask_price != quote["ask_price"]:
        quote["mid"] = (float64(bid_price) + float64(ask_price)) / 2e9
    quote["bid_price"], quote["bid_size"] = bid_price, bid_size
    quote["ask_price"], quote["ask_size"] = ask_price, ask_size


@kernel
def best_prices(quote: Record) -> tuple[int, int]:
    """Bid and ask of a ``QUOTE``, ``UNDEF_PRICE`` for an empty side."""
    bid = quote["bid_price"] if quote["bid_size"] != 0 else int64(UNDEF_PRICE)
    ask = quote["ask_price"] if quote["ask_size"] != 0 else int64(UNDEF_PRICE)
    return bid, ask


@kernel(stage="strategies")
def record_trade(instrument: Record, event: Record) -> None:
    """Put a trade that carries a price into the instrument's last 64."""
    trades = instrument["trades"]
    price = event["price"]
    place = trades["count"] % TRADE_WINDOW
    trades["sum"] += price - instrument["recent"][place]
    instrument["recent"][place] = price
    trades["count"] += 1
    trades["mean"] = np.nan
    if trades["count"] >= TRADE_WINDOW:
        trades["mean"] = float64(trades["sum"]) / (TRADE_WINDOW * 1e9)
    trades["price"] = price
    trades["size"] = int64(event["size"])
    trades["side"] = int64(event["side"])


@kernel
def destroy_market(state: Record) -> None:
    """Free the tables and the lists of a worker whose books and instruments are gone."""
    table_release(state["instrument_table"])
    table_release(state["book_table"])
    free(state["books"]["items"])
    free(state["dirty_books"]["items"])
    free(state["dirty_instruments"]["items"])
    free(state["batch"]["items"])


@kernel
def copy_quote(target: Record, source: Record) -> None:
    memcpy(address_of(target), address_of(source), QUOTE_BYTES)


@kernel
def copy_trades(target: Record, source: Record) -> None:
    memcpy(address_of(target), address_of(source), TRADES_BYTES)
