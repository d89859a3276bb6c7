"""The backtester: position, cash and equity of one strategy of one book, at mid."""

from __future__ import annotations

import math

from engine.native import Record, kernel


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
        account["equity"] = account["cash"] + account["position"] * mid
