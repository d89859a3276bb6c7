"""The oracle's trackers: window, lifetime, trades, queue positions, as the features show them."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import pytest

from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES

Replay = Callable[..., Oracle]

ADDS, CANCELLATION, MODIFICATIONS = "pressure_arrival", "pressure_cancellation", "order_modification_rate"


def feature(oracle: Oracle, name: str) -> list[float]:
    """The values of a feature at each evaluation."""
    return [row[3][FEATURES.index(name)] for row in oracle.rows]


def window(oracle: Oracle) -> list[float]:
    return [feature(oracle, name)[-1] for name in (ADDS, CANCELLATION, MODIFICATIONS)]


def test_window_closes_with_the_hundredth_event(replay: Replay) -> None:
    busy = (
        "A 1 B 100 40",
        "A 2 B 100 30",
        "A 0 A 105 10 TOB",
        "A 0 A undef 10 TOB",  # empties the side: no add
        "A 0 A 105 0 TOB",  # ignored
        "A 3 N 100 9",  # ignored
        "M 1 B 100 39",
        "M 7 B 100 11",  # unknown: counts as a modify, not as an add
        "M 7 B 100 0",  # ignored
        "C 1 B 100 9",
        "C 2 B 100 99",  # takes 30
        "C 5 B 100 1",  # ignored
    )
    quiet = ("N",) * 87
    before = replay(*busy, *quiet, evaluate="every")
    assert all(isnan(value) for value in window(before))
    # 3 adds of 80, 39 cancelled, 2 modifies in 100.
    at = replay(*busy, *quiet, "N LAST")
    assert window(at) == [3.0, 39 / 80, 0.02]
    # The values stay until the next window closes; the hundredth event belongs to the window that it closes.
    assert window(replay(*busy, *quiet, "A 9 B 1 1", "N LAST"))[0] == 4.0
    after = replay(*busy, *quiet, "N", *("A 0 A 105 1 TOB",) * 99, "N LAST")
    assert window(after) == [99.0, 0.0, 0.0]


def test_window_without_adds_has_no_cancellation(replay: Replay) -> None:
    adds, cancellation, modifications = window(replay(*("N",) * 99, "N LAST"))
    assert (adds, modifications) == (0.0, 0.0)
    assert isnan(cancellation)


def test_window_counts_the_events_of_its_own_book(replay: Replay) -> None:
    oracle = replay(*("N", "N on=1/2") * 99, "N LAST", "N LAST on=1/3")
    assert feature(oracle, ADDS)[0] == 0.0
    assert isnan(feature(oracle, ADDS)[1])


def test_lifetime_averages_orders_that_a_cancel_removed(replay: Replay) -> None:
    oracle = replay(
        "A 1 B 100 5",
        "A 2 B 100 5",
        "C 1 B 100 4 LAST",
        "C 1 B 100 1 LAST",  # lived from 1 to 4
        "M 2 B 101 9 LAST",
        "A 3 B 100 5",
        "C 2 B 101 99 LAST",  # from 2 to 7: 3 + 0.1 * (5 - 3)
        "M 3 A 100 5",  # a new life from 8
        "A 4 B 100 5",
        "A 4 B 100 6",  # a new life from 10
        "C 3 A 100 5 LAST",  # 3: m = 3.2
        "C 4 B 100 6 LAST",  # 2
        "A 5 B 100 6",
        "R 0 N 0 0 LAST",
        "M 6 B 100 6",  # unknown: its life begins here
        "C 6 B 100 6 LAST",  # 1
    )
    values = feature(oracle, "order_lifetime_avg")
    assert isnan(values[0])
    m1 = 3.0 + 0.1 * 2.0
    m2 = m1 + 0.1 * (3.0 - m1)
    m3 = m2 + 0.1 * (2.0 - m2)
    m4 = m3 + 0.1 * (1.0 - m3)
    assert values[1:] == [3.0, 3.0, m1, m2, m3, m3, m4]


def test_trade_flow_is_signed_by_the_aggressor(replay: Replay) -> None:
    oracle = replay("N LAST", "T 0 B 7e9 10 LAST", "T 0 A 8e9 20 LAST", "T 0 N 9e9 50 LAST", "T 0 B undef 99 LAST")
    values = feature(oracle, "trade_imbalance")
    assert isnan(values[0])
    assert values[1:] == pytest.approx([10.0, 7.0, 6.3, 6.3], abs=1e-12)
    assert values[2:] == [10.0 + 0.1 * -30.0, 7.0 + 0.1 * -7.0, 7.0 + 0.1 * -7.0]
    assert feature(oracle, "last_trade_price")[1:] == [7.0, 8.0, 9.0, 9.0]


def test_effective_spread_uses_the_quotes_that_the_trade_met(replay: Replay) -> None:
    oracle = replay("A 1 B 100e9 1", "T 0 B 100e9 1 LAST", "A 2 A 104e9 1", "T 0 B 104e9 1 LAST", "A 3 B 103e9 1 LAST")
    one_sided, met, later = feature(oracle, "spread_effective")
    assert isnan(one_sided)
    assert (met, later) == (4.0, 4.0)


def ahead(oracle: Oracle) -> list[float]:
    """Queue position at the bid after each event, -1.0 if there is none."""
    return [-1.0 if isnan(value) else value for value in feature(oracle, "queue_position_bid")]


def test_queue_position_falls_when_orders_ahead_leave(replay: Replay) -> None:
    oracle = replay(
        "N",
        "A 1 B 100 5",  # joins behind 5
        "A 2 B 100 7",  # behind it
        "A 3 B 99 4",
        "C 2 B 100 3",  # behind it
        "C 3 B 99 1",  # elsewhere
        "C 1 B 100 2",
        "M 1 B 100 2",
        "C 1 N 100 9",  # oversize: takes the 2 that are left
        evaluate="every",
    )
    assert ahead(oracle) == [-1.0, 5.0, 5.0, 5.0, 5.0, 5.0, 3.0, 2.0, 0.0]


@pytest.mark.parametrize(
    "leaves", ["M 1 B 100 6", "M 1 B 99 5", "M 1 A 100 5", "A 1 B 100 5", "A 1 B 100 9", "C 1 B 100 5"]
)
def test_queue_position_when_the_order_ahead_leaves_its_place(replay: Replay, leaves: str) -> None:
    oracle = replay("A 1 B 100 5", "A 2 B 100 7", leaves, "C 1 B 100 1", evaluate="every")
    assert ahead(oracle) == [5.0, 5.0, 0.0, 0.0]


def test_queue_position_joins_anew_when_the_best_price_changes(replay: Replay) -> None:
    oracle = replay(
        "A 1 B 100 5",
        "A 2 B 100 7",
        "A 3 B 101 2",  # a better price: behind 2
        "C 1 B 100 1",  # no longer ahead
        "C 3 B 101 2",  # back to 100, behind all orders there
        "C 2 B 100 7",  # which was there by then
        "C 1 B 100 4",  # empty
        "A 4 B 100 3",
        evaluate="every",
    )
    assert ahead(oracle) == [5.0, 5.0, 2.0, 2.0, 11.0, 4.0, -1.0, 3.0]


def test_queue_position_of_a_lone_order_that_grows(replay: Replay) -> None:
    # The price was best before and after the event, so the hypothetical order is now first.
    assert ahead(replay("A 1 B 100 5", "M 1 B 100 8", evaluate="every")) == [5.0, 0.0]


def test_queue_position_joins_anew_after_top_of_book_and_clear(replay: Replay) -> None:
    oracle = replay(
        "A 1 B 100 5",
        "A 0 B 100 9 TOB",  # the same price, but the side was replaced
        "A 2 B 100 4",
        "A 0 B 100 0 TOB",  # ignored
        "A 0 A 100 3 TOB",  # the other side
        "A 0 B 100 8 TOB",
        "A 0 B undef 0 TOB",
        "A 3 B 100 6",
        "R",
        evaluate="every",
    )
    assert ahead(oracle) == [5.0, 9.0, 9.0, 9.0, 9.0, 8.0, -1.0, 6.0, -1.0]
    assert [x for x in feature(oracle, "queue_position_ask") if not isnan(x)] == [3.0, 3.0, 3.0, 3.0]
