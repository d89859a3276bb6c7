"""The backtester: position, cash and equity of one strategy of one book, at mid."""

from __future__ import annotations

import math

from lobench.engine.compiling import kernel
from lobench.engine.native import Record, int64, leading_zeros, trailing_zeros, uint64

_NONE, _ONE = uint64(0), uint64(1)


@kernel
def held_before(sets: int, resets: int, first: int) -> int:
    """Which rows find a flag up that ``sets`` put up and ``resets`` took down, all uint64 with a bit for each row.
    ``first``: the bit of the first row if the flag was up before it, else 0.

    A flag is passed on from row to row as a carry is in an addition: made by ``sets``, let through where nothing
    ``resets``.
    """
    through = ~resets
    return through ^ sets ^ (through + sets + first)


@kernel(stage="strategies", within="features")
def follow(account: Record, buys: int, sells: int, rows: int, mids: Record) -> None:
    """Take the positions that the signals of a run of rows require, at their mids, then value the last one.

    ``buys``, ``sells``, ``rows``: uint64 with a bit for each row of ``mids``; those of ``rows`` have a mid, and all
    others are in none of them. A row that requires the present position changes nothing, so only the others, which are
    few, are visited.
    """
    if rows != _NONE:
        first = rows & (~rows + _ONE)
        position = account["position"]
        longs = held_before(buys, sells, first if position > 0 else _NONE)
        shorts = held_before(sells, buys, first if position < 0 else _NONE)
        turns = (buys & ~longs) | (sells & ~shorts)
        while turns != _NONE:
            row = trailing_zeros(turns)
            target = int64(((buys >> uint64(row)) & _ONE) << _ONE) - 1
            account["cash"] = account["cash"] - (target - position) * mids["mid"][row]
            account["trades"] += 1
            position = target
            turns = turns & (turns - _ONE)
        account["position"] = position
        mark(account, mids["mid"][63 - leading_zeros(rows)])


@kernel
def mark(account: Record, mid: float) -> None:
    """Value the position at ``mid``, a number."""
    account["equity"] = account["cash"] + account["position"] * mid


@kernel
def settle(account: Record, signal: int, mid: float) -> None:
    """Follow a signal (+1 buy, -1 sell, 0 hold) at ``mid``; nothing happens where mid is NaN.

    ``cash`` and ``equity`` are in the price's currency, for a position of -1, 0 or 1 unit.
    """
    if not math.isnan(mid):
        target = account["position"] if signal == 0 else signal
        if target != account["position"]:
            account["cash"] = account["cash"] - (target - account["position"]) * mid
            account["position"] = target
            account["trades"] += 1
        mark(account, mid)
