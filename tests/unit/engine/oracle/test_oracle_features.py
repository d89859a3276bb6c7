"""The oracle's features, each on a book small enough to compute by hand, and IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, inf, isnan, nan

import pytest

from lobench.engine.oracle import Oracle
from lobench.engine.oracle.arithmetic import divide, ema, int64
from lobench.engine.oracle.features import FEATURES

Replay = Callable[..., Oracle]

# Bids 100: 30, 99: 21, 98: 12; asks 102: 10, 103: 42.
BOOK = ("A 1 B 100e9 30", "A 2 B 99e9 21", "A 3 B 98e9 12", "A 4 A 102e9 10", "A 5 A 103e9 42")


def features(oracle: Oracle) -> dict[str, float]:
    return dict(zip(FEATURES, oracle.rows[-1][3], strict=True))


def test_every_feature_by_hand(replay: Replay) -> None:
    oracle = replay(*BOOK, "N LAST", "T 0 A 101.5e9 4", "A 6 B 100e9 5", "C 6 B 100e9 5 LAST")
    assert features(oracle) == {
        "mid_price": 101.0,
        "micro_price": 101.5,  # (100 * 10 + 102 * 30) / 40
        "spread_absolute": 2.0,
        "spread_relative": 2 / 101,
        "spread_bps": 10000.0 * (2 / 101),
        "spread_effective": 1.0,  # |2 * 101.5 - 202|
        "imbalance_level1": 0.5,  # (30 - 10) / 40
        "imbalance_level2": -1 / 103,  # 51 and 52
        "imbalance_level3": 11 / 115,  # 63 and 52
        "imbalance_level4": 11 / 115,
        "imbalance_level5": 11 / 115,
        "imbalance_volume_weighted": 13.5 / 75.5,  # 30 + 10.5 + 4 and 10 + 21
        "pressure_buy": 25.0,  # m = 101, h = 1: 30 / 2 + 21 / 3 + 12 / 4
        "pressure_sell": 19.0,  # 10 / 2 + 42 / 3
        "pressure_arrival": pytest.approx(nan, nan_ok=True),
        "pressure_cancellation": pytest.approx(nan, nan_ok=True),
        "queue_position_bid": 30.0,
        "queue_position_ask": 10.0,
        "order_lifetime_avg": 1.0,
        "order_modification_rate": pytest.approx(nan, nan_ok=True),
        "order_flow_imbalance": 0.0,  # 30 - 30 - 10 + 10
        "trade_imbalance": -4.0,
        "last_trade_price": 101.5,
        "event_number": 9.0,
    }


def test_row_names_its_event_and_book(replay: Replay) -> None:
    oracle = replay("N on=9/4", "A 1 B 1 1 LAST on=9/4")
    assert oracle.rows[0][:3] == (1, 9, 4)
    assert len(oracle.rows[0][3]) == len(FEATURES) == 24


def test_fourth_and_fifth_level_weights(replay: Replay) -> None:
    oracle = replay("A 1 B 9 8", "A 2 B 8 8", "A 3 B 7 12", "A 4 B 6 8", "A 5 B 5 10", "A 6 B 4 99", "A 7 A 10 10 LAST")
    # 8 + 4 + 4 + 2 + 2 = 20 against 10; the sixth level does not count.
    assert features(oracle)["imbalance_volume_weighted"] == 10 / 30
    assert features(oracle)["imbalance_level4"] == 26 / 46
    assert features(oracle)["imbalance_level5"] == 36 / 56


def test_one_sided_book(replay: Replay) -> None:
    values = features(replay("A 1 B 100e9 30", "A 2 B 99e9 30 LAST"))
    assert [values[f"imbalance_level{k}"] for k in range(1, 6)] == [1.0] * 5
    assert values["imbalance_volume_weighted"] == 1.0
    assert values["queue_position_bid"] == 30.0
    assert values["event_number"] == 2.0
    numbers = {name for name, value in values.items() if not isnan(value)}
    assert all(name.startswith("imbalance") or name in ("queue_position_bid", "event_number") for name in numbers)


def test_empty_book_has_an_event_number_only(replay: Replay) -> None:
    values = features(replay("R 0 N 0 0 LAST"))
    assert {name for name, value in values.items() if not isnan(value)} == {"event_number"}


def test_locked_and_crossed_books(replay: Replay) -> None:
    locked = features(replay("A 1 B 100e9 30", "A 2 A 100e9 10 LAST"))
    assert (locked["spread_absolute"], locked["spread_bps"], locked["micro_price"]) == (0.0, 0.0, 100.0)
    assert isnan(locked["pressure_buy"])
    assert isnan(locked["pressure_sell"])
    crossed = features(replay("A 1 B 102e9 30", "A 2 A 100e9 10 LAST"))
    assert crossed["spread_absolute"] == -2.0
    assert (crossed["pressure_buy"], crossed["pressure_sell"]) == (15.0, 5.0)


def test_relative_spread_around_zero_is_infinite(replay: Replay) -> None:
    values = features(replay("A 1 B -5 30", "A 2 A 5 10 LAST"))
    assert (values["spread_relative"], values["spread_bps"]) == (inf, inf)
    values = features(replay("A 1 B 5 30", "A 2 A -5 10 LAST"))
    assert values["spread_relative"] == -inf
    assert isnan(features(replay("A 1 B 0 30", "A 2 A 0 10 LAST"))["spread_relative"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("A 9 B 100e9 5 LAST", 5.0),  # 35 - 30 - 10 + 10
        ("A 9 B 101e9 5 LAST", 5.0),  # a higher bid: its size; 5 - 0 - 10 + 10
        ("C 1 B 100e9 30 LAST", -30.0),  # a lower bid: 0 - 30 - 10 + 10
        ("A 9 A 101e9 5 LAST", -5.0),  # a lower ask: 30 - 30 - 5 + 0
        ("C 4 A 102e9 10 LAST", 10.0),  # a higher ask: 30 - 30 - 0 + 10
        ("C 4 A 102e9 4 LAST", 4.0),  # 30 - 30 - 6 + 10
    ],
)
def test_order_flow_imbalance(replay: Replay, change: str, expected: float) -> None:
    oracle = replay(*BOOK, "N LAST", change)
    assert isnan(oracle.rows[0][3][FEATURES.index("order_flow_imbalance")])
    assert features(oracle)["order_flow_imbalance"] == expected


def test_order_flow_imbalance_compares_evaluations_not_events(replay: Replay) -> None:
    oracle = replay(*BOOK, "N LAST", "A 8 B 100e9 1", "A 9 B 100e9 2 LAST")
    assert features(oracle)["order_flow_imbalance"] == 3.0
    oracle = replay(*BOOK, "N LAST", "R 0 N 0 0 LAST", *BOOK, "N LAST", "N LAST")
    flows = [row[3][FEATURES.index("order_flow_imbalance")] for row in oracle.rows]
    assert [isnan(flow) for flow in flows] == [True, True, True, False]
    assert flows[3] == 0.0


def test_evaluate_last_skips_snapshots_and_open_events(replay: Replay) -> None:
    lines = ("A 1 B 100 1 SNAPSHOT", "A 2 B 100 1 LAST SNAPSHOT", "A 3 B 100 1", "A 9 N 100 1 LAST", "X 0 N 0 0 LAST")
    last = replay(*lines)
    assert [row[0] for row in last.rows] == [3, 4]
    assert last.finish().evaluations == 2
    every = replay(*lines, evaluate="every")
    assert [row[0] for row in every.rows] == [0, 1, 2, 3, 4]
    assert every.finish().evaluations == 5


def test_divide_is_ieee() -> None:
    assert divide(1.0, 4.0) == 0.25
    assert divide(1.0, 0.0) == inf
    assert divide(1.0, -0.0) == -inf
    assert divide(-1.0, 0.0) == -inf
    assert copysign(1.0, divide(0.0, -3.0)) == -1.0
    assert isnan(divide(0.0, 0.0))
    assert isnan(divide(nan, 0.0))
    assert isnan(divide(1.0, nan))


def test_int64_wraps() -> None:
    assert int64(2**63 - 1) == 2**63 - 1
    assert int64(2**63) == -(2**63)
    assert int64(-(2**63) - 1) == 2**63 - 1
    assert int64(2**68 + 5) == 5


def test_ema_starts_with_its_first_value() -> None:
    assert ema(nan, 5.0) == 5.0
    assert ema(5.0, 7.0) == 5.0 + 0.1 * 2.0
