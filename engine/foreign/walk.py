"""Asking a library about many books in one compiled loop, without a call from Python for each level."""

from __future__ import annotations

import ctypes
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.digest import fold, row_value, share
from lobench.engine.foreign.abi import ACCOUNT, FEATURES_COUNT, LEVEL, ORDER, STRATEGIES_COUNT
from lobench.engine.foreign.calls import call_about_book, call_levels, call_orders
from lobench.engine.foreign.values import LEVEL_BYTES, accounts_value, best_levels, orders_value
from lobench.engine.layout import integers, record
from lobench.engine.native import INTEGER, Record, int64, realloc, uint64, view

WALK: Final = record(
    *integers("engine", "levels", "orders", "features", "accounts"),
    *integers("level_room", "level_capacity", "order_room", "order_capacity", "row", "ends", "status"),
)
"""A library's functions, the engine, and buffers for its answers; ``status`` is 0, or the code of a failed function."""

WROTE_TOO_MUCH: Final = 1
"""Status of a function that says it wrote more entries than there was room for."""

_BID, _ASK = ord("B"), ord("A")
_FEWEST = 1 << 12
_INTEGER_BYTES = INTEGER.itemsize


@kernel
def failed(walk: Record, got: int, room: int) -> bool:
    """Whether an answer of ``got`` entries is invalid; the status says so."""
    if got < 0 or got > room:
        walk["status"] = got if got < 0 else WROTE_TOO_MUCH
        return True
    return False


@kernel
def read_best(walk: Record, instrument: int, publisher: int, side: int, depth: int, out: int) -> int:
    """The best ``depth`` levels of a side at ``out``; returns how many there are."""
    got = call_levels(walk["levels"], walk["engine"], instrument, publisher, side, int64(0), depth, out)
    return int64(0) if failed(walk, got, depth) else got


@kernel
def read_all(walk: Record, instrument: int, publisher: int, side: int) -> int:
    """All levels of a side in the room for levels, which grows; returns how many there are."""
    count = int64(0)
    while True:
        room = walk["level_capacity"] - count
        out = walk["level_room"] + count * LEVEL_BYTES
        got = call_levels(walk["levels"], walk["engine"], instrument, publisher, side, count, room, out)
        if failed(walk, got, room):
            return int64(0)
        count += got
        if got < room:
            return count
        walk["level_capacity"] *= 2
        walk["level_room"] = realloc(walk["level_room"], walk["level_capacity"] * LEVEL_BYTES)


@kernel
def level_orders(walk: Record, value: int, instrument: int, publisher: int, side: int, price: int) -> int:
    """All orders of a level folded in."""
    first = int64(0)
    room = walk["order_capacity"]
    while True:
        got = call_orders(
            walk["orders"], walk["engine"], instrument, publisher, side, price, first, room, walk["order_room"]
        )
        if failed(walk, got, room):
            return value
        value = orders_value(value, walk["order_room"], got)
        first += got
        if got < room:
            return value


@kernel
def whole_side(walk: Record, value: int, instrument: int, publisher: int, side: int) -> int:
    """As ``lobench.engine.digest.side_value``."""
    count = read_all(walk, instrument, publisher, side)
    value = fold(value, count)
    for place in range(count):
        level = view(walk["level_room"] + place * LEVEL_BYTES, LEVEL)
        price = level["price"]
        value = fold(fold(fold(value, price), level["size"]), level["count"])
        value = level_orders(walk, value, instrument, publisher, side, price)
        if walk["status"] != 0:
            break
    return value


@kernel
def computed(walk: Record, value: int, instrument: int, publisher: int, stage: int) -> int:
    """``value`` with the newest features and the accounts folded in; another value if there is no such book."""
    if stage >= 2:
        got = call_about_book(walk["features"], walk["engine"], instrument, publisher, walk["row"])
        value = fold(value, row_value(walk["row"], FEATURES_COUNT)) if got == 1 else ~value
        failed(walk, got, int64(1))
    if stage >= 3:
        got = call_about_book(walk["accounts"], walk["engine"], instrument, publisher, walk["ends"])
        value = fold(value, accounts_value(walk["ends"])) if got == 1 else ~value
        failed(walk, got, int64(1))
    return value


@entry
def answers(address: int, keys: int, count: int, depth: int, counted: bool, stage: int, whole: bool) -> int:
    """The sum of the answers about ``count`` books whose keys are at ``keys``, uint64: as a replay's ``question``, or
    as its ``end_state`` if ``whole``. ``depth`` levels of each side, 0 for all with their queues; features and accounts
    as far as ``stage`` computes them."""
    walk = view(address, WALK)
    total = uint64(0)
    for place in range(count):
        key = view(keys + place * _INTEGER_BYTES, INTEGER)["value"]
        instrument, publisher = key >> 16, key & 0xFFFF
        if depth == 0:
            value = whole_side(walk, uint64(0), instrument, publisher, int64(_BID))
            value = whole_side(walk, value, instrument, publisher, int64(_ASK))
        else:
            bids, asks = walk["level_room"], walk["level_room"] + depth * LEVEL_BYTES
            bid_count = read_best(walk, instrument, publisher, int64(_BID), depth, bids)
            ask_count = read_best(walk, instrument, publisher, int64(_ASK), depth, asks)
            value = best_levels(bids, bid_count, asks, ask_count, depth, counted)
        value = fold(uint64(0), value) if whole else value
        total += share(computed(walk, value, instrument, publisher, stage), key)
        if walk["status"] != 0:
            break
    return total


class Walk:
    """Room for the answers of one engine of a library."""

    def __init__(self, engine: int, functions: dict[str, int]) -> None:
        self._record = np.zeros(1, WALK)
        self._record["engine"] = engine
        for name in ("levels", "orders", "features", "accounts"):
            self._record[name] = functions[name]
        self._orders, self._row = np.zeros(_FEWEST, ORDER), np.zeros(FEATURES_COUNT)
        self._ends = np.zeros(STRATEGIES_COUNT, ACCOUNT)
        self._record["order_room"], self._record["order_capacity"] = self._orders.ctypes.data, _FEWEST
        self._record["row"], self._record["ends"] = self._row.ctypes.data, self._ends.ctypes.data
        self._libc = ctypes.CDLL(None)
        self._libc.malloc.restype = ctypes.c_void_p
        self._libc.malloc.argtypes = [ctypes.c_size_t]
        self._record["level_room"] = self._libc.malloc(_FEWEST * LEVEL_BYTES)
        self._record["level_capacity"] = _FEWEST

    def ask(self, keys: npt.NDArray[np.int64], depth: int, counted: bool, stage: int, whole: bool) -> tuple[int, int]:
        """(answer, status)."""
        where, self._record["status"] = self._record.ctypes.data, 0
        value = answers(where, keys.ctypes.data, len(keys), depth, counted, stage, whole)
        return int(value), int(self._record["status"][0])

    def close(self) -> None:
        """Free the room."""
        self._libc.free(ctypes.c_void_p(int(self._record["level_room"][0])))
