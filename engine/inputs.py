"""The inputs of an evaluation: every number that a feature may use, by name, as a double.

A feature is a function whose parameters are named like fields of ``INPUTS``. Undefined values are NaN; the size of a
missing level is 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lobench.engine.compiling import inlined, kernel
from lobench.engine.native import Record, float64

LEVELS: Final = 5

TRACKED = (
    "window_adds",
    "window_modification_rate",
    "window_cancellation",
    "lifetime",
    "trade_flow",
    "trade_price",
    "trade_spread",
    "queue_ahead_bid",
    "queue_ahead_ask",
    "previous_bid_price",
    "previous_bid_size",
    "previous_ask_price",
    "previous_ask_size",
    "event_number",
)

_SIDE = np.dtype([("price", "f8", (LEVELS,)), ("size", "f8", (LEVELS,))], align=True)

INPUTS: Final = np.dtype(
    [
        ("bid", _SIDE),
        ("ask", _SIDE),
        *[(name, "f8") for name in TRACKED],
    ],
    align=True,
)
"""One evaluation's inputs. Prices in 1e-9 units."""

INPUT_SOURCES: Final = {
    **{
        f"{side}_{what}_{level + 1}": f'inputs["{side}"]["{what}"][{level}]'
        for side in ("bid", "ask")
        for what in ("price", "size")
        for level in range(LEVELS)
    },
    **{name: f'inputs["{name}"]' for name in TRACKED},
}
"""Parameter name to the expression that reads it."""


@kernel
def queue_ahead(side: Record) -> float:
    ahead = np.nan
    if side["position"]["valid"] != 0:
        ahead = float64(side["position"]["ahead"])
    return ahead


@inlined
def gather(book: Record, inputs: Record) -> None:
    """Fill the tracked part of an ``INPUTS`` record from a book's present state."""
    trackers = book["trackers"]
    window = trackers["window"]
    inputs["window_adds"] = window["arrival"]
    inputs["window_modification_rate"] = window["modification_rate"]
    inputs["window_cancellation"] = window["cancellation"]
    inputs["lifetime"] = trackers["lifetime"]
    inputs["trade_flow"] = trackers["trade_flow"]
    inputs["trade_price"] = trackers["trade_price"]
    inputs["trade_spread"] = trackers["trade_spread"]
    inputs["queue_ahead_bid"] = queue_ahead(book["bid"])
    inputs["queue_ahead_ask"] = queue_ahead(book["ask"])
    inputs["previous_bid_price"] = trackers["previous_bid_price"]
    inputs["previous_bid_size"] = trackers["previous_bid_size"]
    inputs["previous_ask_price"] = trackers["previous_ask_price"]
    inputs["previous_ask_size"] = trackers["previous_ask_size"]
    inputs["event_number"] = float64(book["events"])


@kernel(stage="features")
def remember_quotes(book: Record, inputs: Record) -> None:
    """Keep this evaluation's best prices and sizes for the next one; a size beside no price is undefined."""
    trackers = book["trackers"]
    trackers["previous_bid_price"] = inputs["bid"]["price"][0]
    trackers["previous_bid_size"] = inputs["bid"]["size"][0]
    trackers["previous_ask_price"] = inputs["ask"]["price"][0]
    trackers["previous_ask_size"] = inputs["ask"]["size"][0]
