"""Digests: 64-bit folds of everything a replay computes, order-sensitive within a book, summed over books
(docs/semantics.md)."""

from __future__ import annotations

import math

from lobench.engine.compiling import kernel
from lobench.engine.layout import BACKTEST, LEVEL, ORDER
from lobench.engine.native import DOUBLE, Record, float_bits, uint64, view
from lobench.engine.price_ladder import level_from_best

FOLD = uint64(0x9E3779B97F4A7C15)
_MIX_1 = uint64(0xBF58476D1CE4E5B9)
_MIX_2 = uint64(0x94D049BB133111EB)
_NAN = uint64(0x7FF8000000000000)
_32, _31, _30, _27 = uint64(32), uint64(31), uint64(30), uint64(27)
_ONE = uint64(1)
BACKTEST_BYTES = BACKTEST.itemsize


@kernel
def fold(state: int, value: int) -> int:
    """Next state of an order-sensitive digest, uint64."""
    product = (state ^ uint64(value)) * FOLD
    return product ^ (product >> _32)


@kernel
def mix(value: int) -> int:
    """splitmix64's finalizer (Steele, Lea, Flood 2014), uint64."""
    z = uint64(value)
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@kernel
def weight(index: int) -> int:
    """K(index): an odd 64-bit constant."""
    return mix(uint64(index) + _ONE) | _ONE


@kernel
def canonical_bits(value: float) -> int:
    """The bits of a double, every NaN the same, uint64."""
    return _NAN if math.isnan(value) else float_bits(value)


@kernel
def row_value(row: int, features: int) -> int:
    """All bits of a row of doubles, weighted by place, uint64."""
    total = uint64(0)
    for index in range(features):
        total += canonical_bits(view(row + 8 * index, DOUBLE)["value"]) * weight(index)
    return total


@kernel
def accounts_value(accounts: int, strategies: int) -> int:
    """Position, cash and equity of all strategies of a book, uint64."""
    total = uint64(0)
    for index in range(strategies):
        account = view(accounts + index * BACKTEST_BYTES, BACKTEST)
        total += uint64(account["position"]) * weight(3 * index)
        total += canonical_bits(account["cash"]) * weight(3 * index + 1)
        total += canonical_bits(account["equity"]) * weight(3 * index + 2)
    return total


@kernel
def side_value(state: int, side: Record) -> int:
    """Every level and every order of a side folded into ``state``, uint64."""
    state = fold(state, side["count"])
    for depth in range(side["count"]):
        address = level_from_best(side, depth)
        level = view(address, LEVEL)
        state = fold(state, level["price"])
        state = fold(state, level["size"])
        state = fold(state, level["count"])
        resting = level["next"]
        while resting != address:
            order = view(resting, ORDER)
            state = fold(state, order["order_id"])
            state = fold(state, order["size"])
            resting = order["next"]
    return state


@kernel
def book_value(book: Record) -> int:
    """Digest of a book's present state, uint64."""
    return side_value(side_value(uint64(0), book["bid"]), book["ask"])


@kernel
def share(state: int, key: int) -> int:
    """The contribution of one book to a replay's digest, uint64."""
    return mix(state ^ mix(uint64(key)))
