"""The backtester: position, cash and equity of one strategy of one book, at mid."""

from __future__ import annotations

import math

from engine.compiling import kernel
from engine.native import Record


@kernel
def follow(account: Record, signal: int, mid: float) -> None:
    """Take the position that a signal (+1 buy, -1 sell, 0 hold) asks for at ``mid``, a number.

    No branch: which signal is a turn is hard to foretell. Where there is none, 0.0 is taken from ``cash``, which leaves
    it as it is: it is never -0.0.
    """
    target = account["position"] if signal == 0 else signal
    turn = target - account["position"]
    account["cash"] = account["cash"] - turn * mid
    account["trades"] += 1 if turn != 0 else 0
    account["position"] = target


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
