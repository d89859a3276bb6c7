"""Trades: flow, last price, effective spread; the previous quotes, with the flow between evaluations."""

from __future__ import annotations

from math import nan
from typing import Final

from lobench.workbench.conformance.rule import LeftOut, Rule, features
from lobench.workbench.conformance.rules.sections import FEATURES, TRACKERS
from lobench.workbench.conformance.stream import (
    UNDEFINED,
    Row,
    add,
    at,
    cancel,
    modify,
    none,
    record,
    trade,
)


def _trade(
    name: str,
    says: str,
    stream: tuple[Row, ...],
    group: LeftOut | None = None,
    section: str = TRACKERS,
    **values: float,
) -> Rule:
    return Rule(name, section, says, stream, (features(values),), needs="features", group=group)


def _flow(name: str, says: str, *rows: Row, value: float) -> Rule:
    return _trade(name, says, rows, section=FEATURES, order_flow_imbalance=value)


_QUOTES: Final = (add(1, "B", 100, 5, 0), add(2, "A", 102, 4, 0))
_EVALUATED: Final = (*_QUOTES, none())

RULES: Final = (
    _trade("trade-buy", "A T of side B adds to the flow.", (trade("B", 100, 7),), trade_imbalance=7.0),
    _trade("trade-sell", "A T of side A subtracts from the flow.", (trade("A", 100, 7),), trade_imbalance=-7.0),
    _trade(
        "trade-no-side",
        "A T without a side is a trade without direction: 0.",
        (trade("N", 100, 7),),
        trade_imbalance=0.0,
    ),
    _trade(
        "trade-flow-average",
        "The flow of trades is averaged exponentially with alpha 0.1; the first is the average itself.",
        (trade("B", 100, 10), trade("A", 100, 20)),
        trade_imbalance=10.0 + 0.1 * (-20.0 - 10.0),
    ),
    _trade(
        "last-trade-price",
        "The last trade's price is in whole currency units; NaN before the first of its book.",
        (trade("B", 100, 1), trade("A", 103, 1), *at(2, 1, trade("B", 50, 1)), none()),
        last_trade_price=103.0,
    ),
    _trade(
        "no-trade",
        "Before the first trade, flow, price and effective spread are NaN.",
        _EVALUATED,
        trade_imbalance=nan,
        last_trade_price=nan,
        spread_effective=nan,
    ),
    _trade(
        "fill-is-no-trade",
        "An F is not a trade: it describes the order that a T met.",
        (*_QUOTES, trade("B", 102, 3), record("F", "A", 101, 3, 2)),
        trade_imbalance=3.0,
    ),
    _trade(
        "trade-undefined-price",
        "A T without a price is ignored.",
        (*_QUOTES, trade("B", 102, 3), trade("B", UNDEFINED, 90)),
        group="repairs",
        trade_imbalance=3.0,
        spread_effective=2.0,
    ),
    _trade(
        "spread-effective",
        "Twice the distance of the trade from the mid that it met.",
        (*_QUOTES, trade("A", 100, 1)),
        section=FEATURES,
        spread_effective=2.0,
    ),
    _trade(
        "spread-effective-at-trade",
        "The mid is that at the time of the trade; later quotes change nothing.",
        (*_QUOTES, trade("B", 102, 1), add(3, "B", 101, 1)),
        spread_effective=2.0,
    ),
    _trade(
        "spread-effective-undefined",
        "For a trade that met an empty side it is NaN, also later.",
        (add(1, "B", 100, 5), trade("B", 102, 1), add(2, "A", 102, 4)),
        spread_effective=nan,
    ),
    _flow(
        "order-flow-first",
        "A book's first evaluation has no earlier quotes: NaN.",
        *_EVALUATED,
        value=nan,
    ),
    _flow(
        "order-flow-same-prices",
        "At unchanged prices, it is the change of the bid size minus that of the ask size.",
        *_EVALUATED,
        modify(1, "B", 100, 8, 0),
        modify(2, "A", 102, 5),
        value=8.0 - 5.0 - 5.0 + 4.0,
    ),
    _flow(
        "order-flow-bid-up",
        "A higher bid counts with its whole size.",
        *_EVALUATED,
        add(3, "B", 101, 2),
        value=2.0 - 4.0 + 4.0,
    ),
    _flow(
        "order-flow-bid-down",
        "A lower bid counts with the size that stood at the higher one, as a loss.",
        add(3, "B", 99, 2, 0),
        *_EVALUATED,
        cancel(1, "B", 100, 5),
        value=-5.0 - 4.0 + 4.0,
    ),
    _flow(
        "order-flow-ask-down",
        "A lower ask counts with its whole size, as a loss.",
        *_EVALUATED,
        add(3, "A", 101, 2),
        value=5.0 - 5.0 - 2.0,
    ),
    _flow(
        "order-flow-ask-up",
        "A higher ask counts with the size that stood at the lower one.",
        add(3, "A", 103, 2, 0),
        *_EVALUATED,
        cancel(2, "A", 102, 4),
        value=5.0 - 5.0 + 4.0,
    ),
    _flow(
        "order-flow-between-evaluations",
        "Quotes are compared with those of the previous evaluation, whatever came in between.",
        *_EVALUATED,
        add(3, "B", 101, 9, 0),
        cancel(3, "B", 101, 9, 0),
        modify(1, "B", 100, 7),
        value=7.0 - 5.0 - 4.0 + 4.0,
    ),
    _flow(
        "order-flow-empty-side",
        "While a side is empty, it is NaN.",
        *_EVALUATED,
        cancel(2, "A", 102, 4),
        value=nan,
    ),
    _flow(
        "order-flow-after-empty-side",
        "At the evaluation after one with an empty side, it is NaN again.",
        *_EVALUATED,
        cancel(2, "A", 102, 4),
        add(3, "A", 102, 4),
        value=nan,
    ),
)
