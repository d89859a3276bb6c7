"""The four strategies as functions of the context. +1 buys, -1 sells, 0 holds (docs/semantics.md)."""

from __future__ import annotations

import math

import lobench.engine.features  # noqa: F401  (strategies name features: they must be registered first)
from lobench.engine.native import Record, int64
from lobench.engine.registry import strategy
from lobench.engine.trackers import moving_average

IMBALANCE_THRESHOLD = 0.4


@strategy(rule="reversion: buy while mid_price is below the mean of the instrument's last 64 trades, sell while above")
def rolling_mean(mid_price: float, trade_mean: float) -> int:
    signal = 0
    if mid_price < trade_mean:
        signal = 1
    elif mid_price > trade_mean:
        signal = -1
    return signal


@strategy(rule="buy while imbalance_level1 is above 0.4, sell while below -0.4")
def imbalance(imbalance_level1: float) -> int:
    signal = 0
    if imbalance_level1 > IMBALANCE_THRESHOLD:
        signal = 1
    elif imbalance_level1 < -IMBALANCE_THRESHOLD:
        signal = -1
    return signal


@strategy(rule="the mid reverts to the micro-price: buy while micro_price is above mid_price, sell while below")
def micro_reversion(micro_price: float, mid_price: float) -> int:
    signal = 0
    if micro_price > mid_price:
        signal = 1
    elif micro_price < mid_price:
        signal = -1
    return signal


@strategy(rule="the sign of the moving average (alpha 0.1) of order_flow_imbalance")
def flow(order_flow_imbalance: float, state: Record) -> int:
    # memory[1] is 1 once memory[0] holds an average.
    memory = state["memory"]
    if not math.isnan(order_flow_imbalance):
        memory[0] = moving_average(memory[0], order_flow_imbalance) if memory[1] != 0.0 else order_flow_imbalance
        memory[1] = 1.0
    # Branch-free: rows are computed one after another, and a mispredicted signal would stall them all.
    return int64(memory[0] > 0.0) - int64(memory[0] < 0.0)
