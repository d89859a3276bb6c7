"""The 24 features, each a pure function of an evaluation's inputs, in the order of docs/semantics.md.

Prices are in units of 1e-9, sizes in the venue's units; undefined values are NaN and stay NaN through the arithmetic.
Every variant calls these same functions, so results can be equal to the last bit.
"""

from __future__ import annotations

import math

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.registry import feature

_THIRD = 1.0 / 3.0


@kernel
def _imbalance(bid: float, ask: float) -> float:
    total = bid + ask
    return (bid - ask) / total if total != 0.0 else np.nan


@feature(unit="price", formula="(bid + ask) / 2")
def mid_price(bid_price_1: float, ask_price_1: float) -> float:
    return (bid_price_1 + ask_price_1) / 2e9


@feature(unit="price", formula="(bid * ask size + ask * bid size) / (bid size + ask size); Gatheral, Oomen 2010")
def micro_price(bid_price_1: float, bid_size_1: float, ask_price_1: float, ask_size_1: float) -> float:
    return (bid_price_1 * ask_size_1 + ask_price_1 * bid_size_1) / (bid_size_1 + ask_size_1) / 1e9


@feature(unit="price", formula="ask - bid")
def spread_absolute(bid_price_1: float, ask_price_1: float) -> float:
    return (ask_price_1 - bid_price_1) / 1e9


@feature(unit="1", formula="(ask - bid) / mid")
def spread_relative(bid_price_1: float, ask_price_1: float) -> float:
    return (ask_price_1 - bid_price_1) / ((bid_price_1 + ask_price_1) * 0.5)


@feature(unit="basis points", formula="10000 * (ask - bid) / mid")
def spread_bps(bid_price_1: float, ask_price_1: float) -> float:
    return 10000.0 * ((ask_price_1 - bid_price_1) / ((bid_price_1 + ask_price_1) * 0.5))


@feature(unit="price", formula="2 * |trade price - mid that the trade met|; SEC Rule 605")
def spread_effective(trade_spread: float) -> float:
    return trade_spread / 1e9


@feature(unit="1", formula="(B - A) / (B + A), sizes of the best level")
def imbalance_level1(bid_size_1: float, ask_size_1: float) -> float:
    return _imbalance(bid_size_1, ask_size_1)


@feature(unit="1", formula="(B - A) / (B + A), sizes of the best 2 levels")
def imbalance_level2(bid_size_1: float, bid_size_2: float, ask_size_1: float, ask_size_2: float) -> float:
    return _imbalance(bid_size_1 + bid_size_2, ask_size_1 + ask_size_2)


@feature(unit="1", formula="(B - A) / (B + A), sizes of the best 3 levels")
def imbalance_level3(
    bid_size_1: float, bid_size_2: float, bid_size_3: float, ask_size_1: float, ask_size_2: float, ask_size_3: float
) -> float:
    return _imbalance(bid_size_1 + bid_size_2 + bid_size_3, ask_size_1 + ask_size_2 + ask_size_3)


@feature(unit="1", formula="(B - A) / (B + A), sizes of the best 4 levels")
def imbalance_level4(
    bid_size_1: float,
    bid_size_2: float,
    bid_size_3: float,
    bid_size_4: float,
    ask_size_1: float,
    ask_size_2: float,
    ask_size_3: float,
    ask_size_4: float,
) -> float:
    return _imbalance(
        bid_size_1 + bid_size_2 + bid_size_3 + bid_size_4, ask_size_1 + ask_size_2 + ask_size_3 + ask_size_4
    )


@feature(unit="1", formula="(B - A) / (B + A), sizes of the best 5 levels")
def imbalance_level5(
    bid_size_1: float,
    bid_size_2: float,
    bid_size_3: float,
    bid_size_4: float,
    bid_size_5: float,
    ask_size_1: float,
    ask_size_2: float,
    ask_size_3: float,
    ask_size_4: float,
    ask_size_5: float,
) -> float:
    return _imbalance(
        bid_size_1 + bid_size_2 + bid_size_3 + bid_size_4 + bid_size_5,
        ask_size_1 + ask_size_2 + ask_size_3 + ask_size_4 + ask_size_5,
    )


@feature(unit="1", formula="(B - A) / (B + A), sizes of the best 5 levels weighted by 1/level")
def imbalance_volume_weighted(
    bid_size_1: float,
    bid_size_2: float,
    bid_size_3: float,
    bid_size_4: float,
    bid_size_5: float,
    ask_size_1: float,
    ask_size_2: float,
    ask_size_3: float,
    ask_size_4: float,
    ask_size_5: float,
) -> float:
    return _imbalance(
        bid_size_1 + bid_size_2 * 0.5 + bid_size_3 * _THIRD + bid_size_4 * 0.25 + bid_size_5 * 0.2,
        ask_size_1 + ask_size_2 * 0.5 + ask_size_3 * _THIRD + ask_size_4 * 0.25 + ask_size_5 * 0.2,
    )


@kernel
def _near(size: float, price: float, mid: float, half: float) -> float:
    """A level's size weighted by 1 / (1 + distance from mid in half-spreads); 0 for a level that does not exist."""
    return size * half / (half + abs(mid - price)) if size > 0.0 else 0.0


@feature(unit="size", formula="sum over the best 5 bid levels of size / (1 + distance from mid in half-spreads)")
def pressure_buy(
    bid_price_1: float,
    bid_price_2: float,
    bid_price_3: float,
    bid_price_4: float,
    bid_price_5: float,
    bid_size_1: float,
    bid_size_2: float,
    bid_size_3: float,
    bid_size_4: float,
    bid_size_5: float,
    ask_price_1: float,
) -> float:
    mid = (bid_price_1 + ask_price_1) * 0.5
    half = abs(ask_price_1 - bid_price_1) * 0.5
    total = 0.0 + _near(bid_size_1, bid_price_1, mid, half)
    total = total + _near(bid_size_2, bid_price_2, mid, half)
    total = total + _near(bid_size_3, bid_price_3, mid, half)
    total = total + _near(bid_size_4, bid_price_4, mid, half)
    total = total + _near(bid_size_5, bid_price_5, mid, half)
    return np.nan if math.isnan(half) or half == 0.0 else total


@feature(unit="size", formula="sum over the best 5 ask levels of size / (1 + distance from mid in half-spreads)")
def pressure_sell(
    ask_price_1: float,
    ask_price_2: float,
    ask_price_3: float,
    ask_price_4: float,
    ask_price_5: float,
    ask_size_1: float,
    ask_size_2: float,
    ask_size_3: float,
    ask_size_4: float,
    ask_size_5: float,
    bid_price_1: float,
) -> float:
    mid = (bid_price_1 + ask_price_1) * 0.5
    half = abs(ask_price_1 - bid_price_1) * 0.5
    total = 0.0 + _near(ask_size_1, ask_price_1, mid, half)
    total = total + _near(ask_size_2, ask_price_2, mid, half)
    total = total + _near(ask_size_3, ask_price_3, mid, half)
    total = total + _near(ask_size_4, ask_price_4, mid, half)
    total = total + _near(ask_size_5, ask_price_5, mid, half)
    return np.nan if math.isnan(half) or half == 0.0 else total


@feature(unit="orders", formula="orders added in the last full window of 100 events")
def pressure_arrival(window_adds: float) -> float:
    return window_adds


@feature(unit="1", formula="cancelled size / added size in the last full window of 100 events")
def pressure_cancellation(window_cancellation: float) -> float:
    return window_cancellation


@feature(unit="size", formula="size ahead of an order that joined the best bid's tail when its price last became best")
def queue_position_bid(queue_ahead_bid: float) -> float:
    return queue_ahead_bid


@feature(unit="size", formula="size ahead of an order that joined the best ask's tail when its price last became best")
def queue_position_ask(queue_ahead_ask: float) -> float:
    return queue_ahead_ask


@feature(unit="events", formula="moving average (alpha 0.1) of the lifetime of removed orders")
def order_lifetime_avg(lifetime: float) -> float:
    return lifetime


@feature(unit="1", formula="modifications per event in the last full window of 100 events")
def order_modification_rate(window_modification_rate: float) -> float:
    return window_modification_rate


@feature(unit="size", formula="order flow imbalance at the BBO; Cont, Kukanov, Stoikov 2014, equation 2.1")
def order_flow_imbalance(
    bid_price_1: float,
    bid_size_1: float,
    ask_price_1: float,
    ask_size_1: float,
    previous_bid_price: float,
    previous_bid_size: float,
    previous_ask_price: float,
    previous_ask_size: float,
) -> float:
    bid = (bid_size_1 if bid_price_1 >= previous_bid_price else 0.0) - (
        previous_bid_size if bid_price_1 <= previous_bid_price else 0.0
    )
    flow = bid - (ask_size_1 if ask_price_1 <= previous_ask_price else 0.0)
    flow = flow + (previous_ask_size if ask_price_1 >= previous_ask_price else 0.0)
    defined = not (
        math.isnan(bid_price_1)
        or math.isnan(previous_bid_price)
        or math.isnan(ask_price_1)
        or math.isnan(previous_ask_price)
    )
    return flow if defined else np.nan


@feature(unit="size", formula="moving average (alpha 0.1) of trade size, signed by the aggressor's side")
def trade_imbalance(trade_flow: float) -> float:
    return trade_flow


@feature(unit="price", formula="price of the book's last trade")
def last_trade_price(trade_price: float) -> float:
    return trade_price / 1e9


@feature(unit="events", formula="the book's own event number")
def event_number(event_number: float) -> float:
    return event_number
