"""The 64-bit values of an engine's answers: the same as those of a compiled variant (``lobench.engine.answers``)."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.digest import canonical_bits, fold, weight
from lobench.engine.foreign.abi import ACCOUNT, LEVEL, ORDER, STRATEGIES_COUNT
from lobench.engine.native import int64, uint64, view
from lobench.engine.records import UNDEF_PRICE

LEVEL_BYTES, ORDER_BYTES, ACCOUNT_BYTES = LEVEL.itemsize, ORDER.itemsize, ACCOUNT.itemsize


@kernel
def level_value(value: int, levels: int, count: int, place: int, counted: bool) -> int:
    """Level ``place`` of ``count`` ``LEVEL`` records folded in; beyond them are empty levels."""
    if place >= count:
        value = fold(fold(value, int64(UNDEF_PRICE)), int64(0))
        return fold(value, int64(0)) if counted else value
    level = view(levels + place * LEVEL_BYTES, LEVEL)
    value = fold(fold(value, level["price"]), level["size"])
    return fold(value, level["count"]) if counted else value


@kernel
def best_levels(bids: int, bid_count: int, asks: int, ask_count: int, depth: int, counted: bool) -> int:
    """As ``lobench.engine.answers.levels_value`` of ``depth`` levels of both sides."""
    value = uint64(0)
    for place in range(depth):
        value = level_value(value, bids, bid_count, place, counted)
        value = level_value(value, asks, ask_count, place, counted)
    return value


@kernel
def orders_value(value: int, orders: int, count: int) -> int:
    """``count`` ``ORDER`` records folded in."""
    for place in range(count):
        order = view(orders + place * ORDER_BYTES, ORDER)
        value = fold(fold(value, order["order_id"]), order["size"])
    return value


@kernel
def accounts_value(accounts: int) -> int:
    """As ``lobench.engine.digest.accounts_value``, of ``ACCOUNT`` records."""
    total = uint64(0)
    for index in range(STRATEGIES_COUNT):
        account = view(accounts + index * ACCOUNT_BYTES, ACCOUNT)
        total += uint64(account["position"]) * weight(3 * index)
        total += canonical_bits(account["cash"]) * weight(3 * index + 1)
        total += canonical_bits(account["equity"]) * weight(3 * index + 2)
    return total
