"""The kinds of broken rule that a replay counts, in the order of their counters."""

from __future__ import annotations

from typing import Final

ANOMALIES: Final = (
    "add_existing_order",
    "cancel_mismatch",
    "cancel_oversize",
    "cancel_unknown_order",
    "invalid_side",
    "modify_unknown_order",
    "trade_undefined_price",
    "undefined_price",
    "unknown_action",
    "zero_size",
)

(
    ADD_EXISTING_ORDER,
    CANCEL_MISMATCH,
    CANCEL_OVERSIZE,
    CANCEL_UNKNOWN_ORDER,
    INVALID_SIDE,
    MODIFY_UNKNOWN_ORDER,
    TRADE_UNDEFINED_PRICE,
    UNDEFINED_PRICE,
    UNKNOWN_ACTION,
    ZERO_SIZE,
) = range(len(ANOMALIES))
