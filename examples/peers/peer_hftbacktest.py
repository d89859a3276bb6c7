"""hftbacktest: a backtester in Rust that replays orders of market-by-order feeds; used here for its best prices.

It reads events from arrays that it gets at the start, and advances in time. The adapter gives each book its own
backtest over one array, which it reuses: event number i has the time i, and place i modulo the array's length. Before
time advances, the next changes are written, and after them the time of the next one, because the library looks one
event ahead.

A backtest keeps the book twice, as the exchange has it and as the strategy sees it, and the exchange's queues as well:
this is its way of working, and part of its cost. It shows the best prices and sizes of the book.

A price step has to be known beforehand: ``PEERS_TICK`` in the environment, in 1e-9 units, else one cent.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

import hftbacktest
import numba
import numpy as np
import numpy.typing as npt
from adapter import Adapter, book_key
from changes import CHANGE, Changes, Preparer
from hftbacktest.types import event_dtype

TICK = int(os.environ.get("PEERS_TICK", 10_000_000))

_LENGTH = 1 << 15
_TURNS = 1 << 6
"""How often an array is used: 2 million changes of a book. To say so takes a library's call each time."""

_BOTH = hftbacktest.EXCH_EVENT | hftbacktest.LOCAL_EVENT
_ACTIONS = np.array(
    [
        0,
        hftbacktest.ADD_ORDER_EVENT,
        hftbacktest.MODIFY_ORDER_EVENT,
        hftbacktest.CANCEL_ORDER_EVENT,
        hftbacktest.DEPTH_CLEAR_EVENT,
    ],
    np.uint64,
)
"""By the actions of ``changes``."""
_BUY, _SELL = np.uint64(hftbacktest.BUY_EVENT), np.uint64(hftbacktest.SELL_EVENT)
_NOTHING_YET = np.uint64(_BOTH)


@numba.njit(nogil=True)
def _write(rows: Any, actions: Any, events: Any, number: int) -> None:
    """Events from number ``number`` on, and the time of the one behind them."""
    mask = len(events) - 1
    for row in rows:
        event = events[number & mask]
        sides = _BUY if row.side == ord("B") else _SELL if row.side == ord("A") else np.uint64(0)
        event.ev = _NOTHING_YET | actions[row.action] | sides
        event.exch_ts = event.local_ts = number
        event.px, event.qty, event.order_id = row.price / 1e9, row.size, row.order_id
        number += 1
    events[number & mask].ev = _NOTHING_YET
    events[number & mask].exch_ts = events[number & mask].local_ts = number


@numba.njit
def _until(backtest: Any, number: int) -> int:
    return backtest.elapse(number - backtest.current_timestamp)


@numba.njit
def _best(backtest: Any) -> tuple[int, float, int, float]:
    depth = backtest.depth(0)
    return depth.best_bid_tick, depth.best_bid_qty, depth.best_ask_tick, depth.best_ask_qty


class Book:
    def __init__(self) -> None:
        self._events = np.zeros(_LENGTH, event_dtype)
        _write(np.zeros(0, CHANGE), _ACTIONS, self._events, 1)
        # Event 0 only starts the clock.
        self._events[0]["ev"] = _NOTHING_YET
        asset = (
            hftbacktest.BacktestAsset()
            .data([self._events] * _TURNS)
            .linear_asset(1.0)
            .constant_order_latency(0, 0)
            .l3_fifo_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(TICK / 1e9)
            .lot_size(1.0)
            .last_trades_capacity(0)
        )
        self._backtest = hftbacktest.HashMapMarketDepthBacktest([asset])
        self._next = 1
        self._backtest.elapse(0)

    def feed(self, rows: npt.NDArray[np.void]) -> None:
        for first in range(0, len(rows), _LENGTH - 1):
            part = rows[first : first + _LENGTH - 1]
            if self._next + len(part) >= _LENGTH * _TURNS:
                raise RuntimeError(f"more than {_LENGTH * _TURNS:,} changes of one book")
            _write(part, _ACTIONS, self._events, self._next)
            self._next += len(part)
            code = _until(self._backtest, self._next - 1)
            if code != 0:
                raise RuntimeError(f"hftbacktest's elapse() returns {code}")

    def best(self, side: str) -> tuple[int, float]:
        """Tick and size; size 0 of an empty side."""
        bid, bid_size, ask, ask_size = _best(self._backtest)
        tick, size = (bid, bid_size) if side == "B" else (ask, ask_size)
        return tick, size if abs(tick) < 2**62 else 0.0

    def __del__(self) -> None:
        if hasattr(self, "_backtest"):
            self._backtest.close()


class ENGINE(Adapter):
    name = "hftbacktest"
    version = version("hftbacktest")
    offers = "bbo"
    leaves_out = "repairs top-of-book"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._books: list[Book] = []
        warm = Book()  # compile before the timing
        warm.feed(np.zeros(1, CHANGE))
        warm.best("B")

    def preparer(self) -> Preparer:
        return Preparer()

    def feed(self, prepared: Changes) -> None:
        for book, first, stop in prepared.runs:
            while book >= len(self._books):
                self._books.append(Book())
            self._books[book].feed(prepared.rows[first:stop])

    def levels(
        self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
    ) -> list[tuple[int, int, int]]:
        book = self._preparers[-1].number(book_key(instrument_id, publisher_id))
        if not 0 <= book < len(self._books) or first > 0 or n < 1:
            return []
        tick, size = self._books[book].best(side)
        return [(tick * TICK, int(size), 0)] if size else []
