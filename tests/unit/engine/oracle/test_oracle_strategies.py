"""The oracle's context, strategies and backtester, with money computed by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lobench.engine.errors import UsageError
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.context import Quote
from lobench.engine.records import ASK, BID
from lobench.engine.result import StrategyEnd

Replay = Callable[..., Oracle]

ROLLING_MEAN, IMBALANCE, MICRO_REVERSION, FLOW = range(4)


def account(oracle: Oracle, strategy: int, book: int = 0) -> tuple[int, float, float, int]:
    end = oracle.finish().books[book].strategies[strategy]
    return (end.position, end.cash, end.equity, end.trades)


def test_strategies_begin_with_nothing(replay: Replay) -> None:
    (book,) = replay("N").finish().books
    names = ("rolling_mean", "imbalance", "micro_reversion", "flow")
    assert book.strategies == tuple(StrategyEnd(name, 0, 0.0, 0.0, 0) for name in names)


def test_imbalance_buys_sells_and_holds(replay: Replay) -> None:
    buy = ("A 1 B 100e9 30", "A 2 A 102e9 10 LAST")  # (30 - 10) / 40 = 0.5 at mid 101
    assert account(replay(*buy), IMBALANCE) == (1, -101.0, 0.0, 1)
    again = (*buy, "A 3 A 104e9 90 LAST")
    assert account(replay(*again), IMBALANCE) == (1, -101.0, 0.0, 1)
    sell = (*again, "C 2 A 102e9 10 LAST")  # (30 - 90) / 120 = -0.5 at mid 102: -101 + 2 * 102
    assert account(replay(*sell), IMBALANCE) == (-1, 103.0, 1.0, 2)
    hold = (*sell, "C 3 A 104e9 60", "M 3 A 106e9 30 LAST")  # 0 at mid 103: valued only
    assert account(replay(*hold), IMBALANCE) == (-1, 103.0, 0.0, 2)
    emptied = (*hold, "M 3 A 200e9 30", "C 3 A 200e9 30 LAST")  # no ask: nothing changes
    assert account(replay(*emptied), IMBALANCE) == (-1, 103.0, 0.0, 2)


@pytest.mark.parametrize(("bid", "ask", "position"), [(7, 3, 0), (71, 29, 1), (3, 7, 0), (29, 71, -1)])
def test_imbalance_threshold(replay: Replay, bid: int, ask: int, position: int) -> None:
    # (7 - 3) / 10 rounds to exactly 0.4, which is not above the threshold.
    assert account(replay(f"A 1 B 100e9 {bid}", f"A 2 A 102e9 {ask} LAST"), IMBALANCE)[0] == position


@pytest.mark.parametrize(("bid", "ask", "position"), [(2, 1, 1), (1, 2, -1), (1, 1, 0)])
def test_micro_reversion(replay: Replay, bid: int, ask: int, position: int) -> None:
    oracle = replay(f"A 1 B 100e9 {bid}", f"A 2 A 102e9 {ask} LAST")
    assert account(oracle, MICRO_REVERSION) == (position, -position * 101.0, 0.0, abs(position))


def test_flow_follows_the_averaged_imbalance(replay: Replay) -> None:
    start = ("A 1 B 100e9 30", "A 2 A 102e9 10 LAST")
    assert account(replay(*start), FLOW) == (0, 0.0, 0.0, 0)  # no previous quotes
    grows = (*start, "A 3 B 100e9 10 LAST")  # f = 10
    assert account(replay(*grows), FLOW) == (1, -101.0, 0.0, 1)
    shrinks = (*grows, "C 3 B 100e9 10 LAST")  # f = 10 + 0.1 * (-10 - 10) = 8
    assert account(replay(*shrinks), FLOW) == (1, -101.0, 0.0, 1)
    # Two evaluations without a flow, then f = 8 + 0.1 * (-100 - 8) = -2.8.
    gap = (*shrinks, "C 2 A 102e9 10 LAST", "A 2 A 102e9 10 LAST")
    assert account(replay(*gap), FLOW) == (1, -101.0, 0.0, 1)
    falls = (*gap, "A 4 A 102e9 100 LAST")
    assert account(replay(*falls), FLOW) == (-1, 101.0, 0.0, 2)


def test_rolling_mean_needs_64_trades_of_the_instrument(replay: Replay) -> None:
    book = ("A 1 B 100e9 30", "A 2 A 102e9 30")
    low = ("T 0 B 100e9 1", "T 0 B 100e9 1 on=1/2") * 31
    others = ("T 0 B 100e9 1 on=2/1", "T 0 B undef 1")
    assert account(replay(*book, *low, *others, "T 0 A 100e9 1 LAST"), ROLLING_MEAN)[0] == 0  # 63
    full = (*book, *low, *others, "T 0 A 100e9 1", "T 0 A 100e9 1 LAST")
    assert account(replay(*full), ROLLING_MEAN) == (-1, 101.0, 0.0, 1)  # mid 101 above the mean 100
    # 40 more at 102: mean (24 * 100 + 40 * 102) / 64 = 101.25, above the mid.
    assert account(replay(*full, *("T 0 N 102e9 1",) * 40, "N LAST"), ROLLING_MEAN) == (1, -101.0, 0.0, 2)
    # 32 more: the mean is the mid, hold.
    assert account(replay(*full, *("T 0 N 102e9 1",) * 32, "N LAST"), ROLLING_MEAN) == (-1, 101.0, 0.0, 1)


def test_trade_sum_wraps_at_64_bits(replay: Replay) -> None:
    # 64 * 2^62 is 0 modulo 2^64: the mean is 0, below the mid.
    oracle = replay("A 1 B 100e9 30", "A 2 A 102e9 30", *(f"T 0 B {2**62} 1",) * 64, "N LAST")
    instrument = oracle.instrument(1)
    assert instrument is not None
    assert (instrument.trades, instrument.trade_sum) == (64, 0)
    assert account(oracle, ROLLING_MEAN)[0] == -1


def test_bbo_over_publishers(replay: Replay) -> None:
    lines = (
        "A 1 B 100e9 2",
        "A 2 B 100e9 3",
        "A 3 A 102e9 3",
        "A 1 B 100e9 7 on=1/2",
        "A 2 A 101e9 4 on=1/2",
        "A 3 A 102e9 9 on=1/2",
        "A 1 B 500e9 1 on=2/1",
        "T 0 B 102e9 5 on=1/2",
    )
    oracle = replay(*lines)
    instrument = oracle.instrument(1)
    assert instrument is not None
    assert instrument.bbo(BID) == Quote(100_000_000_000, 12, 3)
    assert instrument.bbo(ASK) == Quote(101_000_000_000, 4, 1)
    assert instrument.last_trade == (102_000_000_000, 5, BID)
    oracle = replay(*lines, "C 2 A 101e9 4 on=1/2", "A 0 A 102e9 1 TOB on=1/3")
    instrument = oracle.instrument(1)
    assert instrument is not None
    assert instrument.bbo(ASK) == Quote(102_000_000_000, 13, 2)
    assert oracle.instrument(3) is None


def test_trades_at_the_instruments_mid_on_the_books_own_signal(replay: Replay) -> None:
    # Own book: 71 against 29 around 101. Instrument: 100 and 101.
    oracle = replay("A 1 A 101e9 9 on=1/2", "A 1 B 100e9 71", "A 2 A 102e9 29 LAST")
    assert account(oracle, IMBALANCE, book=0) == (1, -100.5, 0.0, 1)
    assert account(oracle, IMBALANCE, book=1) == (0, 0.0, 0.0, 0)


def test_one_sided_book_trades_at_the_mid_of_the_others(replay: Replay) -> None:
    oracle = replay("A 1 A 102e9 9 on=1/2", "A 1 B 100e9 5 LAST")
    assert account(oracle, IMBALANCE, book=0) == (1, -101.0, 0.0, 1)
    assert account(oracle, MICRO_REVERSION, book=0) == (0, 0.0, 0.0, 0)


def test_evaluate_is_last_or_every() -> None:
    with pytest.raises(UsageError, match="'first'"):
        Oracle(evaluate="first")
