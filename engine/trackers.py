"""Recurrent state: windows, moving averages and queue positions, updated by every event of a book.

Definitions: docs/semantics.md, "Trackers". A tracker is created undefined (NaN) and never allocates.
"""

from __future__ import annotations

import math

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.layout import LEVEL
from lobench.engine.native import Record, float64, uint64, view
from lobench.engine.records import ASK, BID

WINDOW_EVENTS = 100
ALPHA = 0.1
_WINDOW_EVENTS, _NOTHING = uint64(WINDOW_EVENTS), uint64(0)


@kernel(stage="features")
def moving_average(mean: float, value: float) -> float:
    """Exponential moving average with alpha 0.1; the first value (mean is NaN) is taken as it is."""
    return value if math.isnan(mean) else mean + ALPHA * (value - mean)


@kernel
def start_trackers(trackers: Record) -> None:
    """Set every value of a new book's trackers to undefined."""
    window = trackers["window"]
    window["arrival"] = np.nan
    window["modification_rate"] = np.nan
    window["cancellation"] = np.nan
    trackers["lifetime"] = np.nan
    trackers["trade_flow"] = np.nan
    trackers["trade_price"] = np.nan
    trackers["trade_spread"] = np.nan
    trackers["previous_bid_price"] = np.nan
    trackers["previous_bid_size"] = np.nan
    trackers["previous_ask_price"] = np.nan
    trackers["previous_ask_size"] = np.nan


@kernel(stage="features")
def close_window(book: Record) -> None:
    """At every hundredth event of the book: keep the window's three values and start the next one."""
    # On an unsigned number the compiler makes this one multiplication.
    if uint64(book["events"]) % _WINDOW_EVENTS == _NOTHING:
        window = book["trackers"]["window"]
        window["arrival"] = float64(window["adds"])
        window["modification_rate"] = float64(window["modifies"]) / WINDOW_EVENTS
        window["cancellation"] = np.nan
        if window["added_size"] != 0:
            window["cancellation"] = float64(window["cancelled_size"]) / float64(window["added_size"])
        window["adds"] = 0
        window["added_size"] = 0
        window["modifies"] = 0
        window["cancelled_size"] = 0


@kernel(stage="features")
def lose_queue(side: Record, level: Record, order: Record, amount: int) -> None:
    """A resting order of ``level`` loses ``amount``: the hypothetical order moves up if it is behind it. Call before
    the change."""
    position = side["position"]
    # Branch-free: whether an order is ahead is unpredictable, and an invalid position's value is never read.
    at_its_price = level["price"] == position["price"]
    position["ahead"] -= amount if at_its_price and order["arrival"] <= position["joined"] else 0


@kernel(stage="features")
def follow_best(side: Record, events: int) -> None:
    """After an event: the hypothetical order joins again if the best price is new."""
    position = side["position"]
    if side["best"] == 0:
        position["valid"] = 0
    else:
        level = view(side["best"], LEVEL)
        if position["valid"] == 0 or level["price"] != position["price"] or side["reset"] != 0:
            position["valid"] = 1
            position["price"] = level["price"]
            position["joined"] = events
            position["ahead"] = level["size"]
    side["reset"] = 0


@kernel
def best_price(side: Record) -> float:
    """The side's best price as a double, NaN if it is empty."""
    price = np.nan
    if side["best"] != 0:
        price = float64(view(side["best"], LEVEL)["price"])
    return price


@kernel(stage="features")
def follow_trade(book: Record, event: Record, best: float) -> None:
    """A trade that carries a price: signed flow, price, and the effective spread against the best prices that it met;
    ``best`` is the sum of those prices."""
    trackers = book["trackers"]
    size = float64(event["size"])
    side = event["side"]
    signed = 0.0
    if side == BID:
        signed = size
    elif side == ASK:
        signed = -size
    trackers["trade_flow"] = moving_average(trackers["trade_flow"], signed)
    price = float64(event["price"])
    trackers["trade_price"] = price
    trackers["trade_spread"] = abs(2.0 * price - best)
