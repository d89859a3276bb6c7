"""The 24 features of a book, each written as docs/semantics.md writes it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import isnan
from typing import Final

from lobench.engine.oracle.arithmetic import NAN, divide
from lobench.engine.oracle.book import Book
from lobench.engine.oracle.trackers import Trackers
from lobench.engine.records import ASK, BID

DEPTH: Final = 5

FEATURES: Final = (
    "mid_price",
    "micro_price",
    "spread_absolute",
    "spread_relative",
    "spread_bps",
    "spread_effective",
    "imbalance_level1",
    "imbalance_level2",
    "imbalance_level3",
    "imbalance_level4",
    "imbalance_level5",
    "imbalance_volume_weighted",
    "pressure_buy",
    "pressure_sell",
    "pressure_arrival",
    "pressure_cancellation",
    "queue_position_bid",
    "queue_position_ask",
    "order_lifetime_avg",
    "order_modification_rate",
    "order_flow_imbalance",
    "trade_imbalance",
    "last_trade_price",
    "event_number",
)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The five best levels of a side, best first. Where there is no level: price (1e-9 units) NaN, size 0.0."""

    prices: tuple[float, ...]
    sizes: tuple[float, ...]

    @classmethod
    def of(cls, book: Book, side: int) -> Ladder:
        """The present price ladder of a side (character code) of the book."""
        levels = list(islice(book.sides[side], DEPTH))
        missing = DEPTH - len(levels)
        return cls(
            tuple(float(level.price) for level in levels) + (NAN,) * missing,
            tuple(float(level.size) for level in levels) + (0.0,) * missing,
        )


def compute(book: Book, trackers: Trackers) -> tuple[float, ...]:
    """The features of ``FEATURES``, in that order, as of the book's last event.

    Sources: micro-price, Gatheral and Oomen 2010; order flow imbalance, Cont, Kukanov and Stoikov 2014, equation 2.1,
    between evaluations; effective spread, SEC Rule 605.
    """
    bid, ask = Ladder.of(book, BID), Ladder.of(book, ASK)
    b1, a1, bid_size, ask_size = bid.prices[0], ask.prices[0], bid.sizes[0], ask.sizes[0]
    trades = trackers.trades
    spread_relative = divide(a1 - b1, (b1 + a1) * 0.5)
    return (
        (b1 + a1) / 2e9,
        divide(b1 * ask_size + a1 * bid_size, bid_size + ask_size) / 1e9,
        (a1 - b1) / 1e9,
        spread_relative,
        10000.0 * spread_relative,
        abs(2.0 * trades.price - (trades.bid + trades.ask)) / 1e9,
        *(imbalance(summed(bid.sizes, k), summed(ask.sizes, k)) for k in range(1, DEPTH + 1)),
        imbalance(weighted(bid.sizes), weighted(ask.sizes)),
        pressure(bid, b1, a1),
        pressure(ask, b1, a1),
        trackers.window.adds,
        trackers.window.cancellation,
        trackers.queue_bid.value,
        trackers.queue_ask.value,
        trackers.lifetime.value,
        trackers.window.modification_rate,
        order_flow_imbalance(bid, ask, trackers),
        trades.flow,
        trades.price / 1e9,
        float(book.n),
    )


def summed(sizes: tuple[float, ...], k: int) -> float:
    """Size of the first k levels, added from the first on."""
    total = sizes[0]
    for size in sizes[1:k]:
        total += size
    return total


def weighted(sizes: tuple[float, ...]) -> float:
    """Size of all levels, the k-th divided by k."""
    s1, s2, s3, s4, s5 = sizes
    return s1 + s2 * 0.5 + s3 * (1 / 3) + s4 * 0.25 + s5 * 0.2


def imbalance(b: float, a: float) -> float:
    """(b - a) / (b + a), from -1 to 1; NaN if there is no size."""
    return NAN if b + a == 0 else (b - a) / (b + a)


def pressure(side: Ladder, b1: float, a1: float) -> float:
    """Size of a side, each level scaled by its nearness to the mid; NaN without a spread."""
    m = (b1 + a1) * 0.5
    h = abs(a1 - b1) * 0.5
    if isnan(h) or h == 0:
        return NAN
    total = 0.0
    for price, size in zip(side.prices, side.sizes, strict=True):
        total += size * h / (h + abs(m - price)) if size > 0 else 0.0
    return total


def order_flow_imbalance(bid: Ladder, ask: Ladder, trackers: Trackers) -> float:
    """Size that came to the best bid and left the best ask since the previous evaluation, less the reverse."""
    previous = trackers.previous
    b1, a1, pb, pa = bid.prices[0], ask.prices[0], previous.bid_price, previous.ask_price
    if isnan(b1) or isnan(pb) or isnan(a1) or isnan(pa):
        return NAN
    return (
        (bid.sizes[0] if b1 >= pb else 0.0)
        - (previous.bid_size if b1 <= pb else 0.0)
        - (ask.sizes[0] if a1 <= pa else 0.0)
        + (previous.ask_size if a1 >= pa else 0.0)
    )
