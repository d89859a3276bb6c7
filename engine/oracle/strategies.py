"""The four strategies of a book, and the backtester that trades each one's signals at the mid."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Final

from lobench.engine.oracle.arithmetic import NAN, ema
from lobench.engine.oracle.context import TRADES, Instrument
from lobench.engine.oracle.features import FEATURES
from lobench.engine.records import ASK, BID
from lobench.engine.result import StrategyEnd

BUY: Final = 1
SELL: Final = -1
HOLD: Final = 0

STRATEGIES: Final = ("rolling_mean", "imbalance", "micro_reversion", "flow")


def rolling_mean(mid_price: float, instrument: Instrument) -> int:
    """Expects the price to return to the mean of the instrument's last 64 trades."""
    if instrument.trades < TRADES or isnan(mid_price):
        return HOLD
    mean = float(instrument.trade_sum) / 64e9
    return BUY if mid_price < mean else SELL if mid_price > mean else HOLD


def imbalance(imbalance_level1: float) -> int:
    """Follows the heavier side of the best level."""
    return BUY if imbalance_level1 > 0.4 else SELL if imbalance_level1 < -0.4 else HOLD


def micro_reversion(micro_price: float, mid_price: float) -> int:
    """Expects the mid to move to the micro-price."""
    return BUY if micro_price > mid_price else SELL if micro_price < mid_price else HOLD


def flow(average: float) -> int:
    """Follows the sign of the averaged order flow."""
    return BUY if average > 0 else SELL if average < 0 else HOLD


@dataclass(slots=True)
class Account:
    """Backtester of one strategy. Position in units; cash and equity in the price's currency per unit."""

    position: int = 0
    cash: float = 0.0
    equity: float = 0.0
    trades: int = 0

    def trade(self, signal: int, mid: float) -> None:
        """Take the position that the signal asks for, at ``mid``, and value it there."""
        target = self.position if signal == HOLD else signal
        if target != self.position:
            self.cash = self.cash - float(target - self.position) * mid
            self.trades += 1
            self.position = target
        self.equity = self.cash + float(self.position) * mid


class Strategies:
    """The strategies of one book, in the order of ``STRATEGIES``, and an account for each."""

    def __init__(self) -> None:
        self.accounts = tuple(Account() for _ in STRATEGIES)
        self._flow = NAN

    def evaluate(self, features: tuple[float, ...], instrument: Instrument) -> tuple[int, ...]:
        """Trade on the features of the book's last event. Returns the signals."""
        signals = self._signals(dict(zip(FEATURES, features, strict=True)), instrument)
        bid, ask = instrument.bbo(BID), instrument.bbo(ASK)
        if bid is not None and ask is not None:
            mid = (float(bid.price) + float(ask.price)) / 2e9
            for account, signal in zip(self.accounts, signals, strict=True):
                account.trade(signal, mid)
        return signals

    def _signals(self, feature: dict[str, float], instrument: Instrument) -> tuple[int, ...]:
        if not isnan(feature["order_flow_imbalance"]):
            self._flow = ema(self._flow, feature["order_flow_imbalance"])
        return (
            rolling_mean(feature["mid_price"], instrument),
            imbalance(feature["imbalance_level1"]),
            micro_reversion(feature["micro_price"], feature["mid_price"]),
            flow(self._flow),
        )

    def end(self) -> tuple[StrategyEnd, ...]:
        """The present accounts."""
        return tuple(
            StrategyEnd(name, account.position, account.cash, account.equity, account.trades)
            for name, account in zip(STRATEGIES, self.accounts, strict=True)
        )
