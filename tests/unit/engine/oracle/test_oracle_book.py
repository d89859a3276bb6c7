"""The oracle's book rules and anomalies, each on a book small enough to check by eye."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.book import LevelView
from lobench.engine.records import ASK, BID

Replay = Callable[..., Oracle]


def levels(oracle: Oracle, side: int) -> list[LevelView]:
    book = oracle.book(1, 1)
    assert book is not None
    return book.levels(side)


def anomalies(oracle: Oracle) -> dict[str, int]:
    counts = oracle.finish().anomalies
    assert tuple(counts) == ANOMALIES
    return {name: count for name, count in counts.items() if count}


THREE = ("A 1 B 100 5", "A 2 B 100 7", "A 3 B 100 9")


def test_add_orders_levels_by_price_and_orders_by_arrival(replay: Replay) -> None:
    oracle = replay("A 1 B 100 5", "A 2 B 101 6", "A 3 B 100 7", "A 4 A 103 1", "A 5 A 102 2", "A 6 A -8 3")
    assert levels(oracle, BID) == [(101, 6, 1, [(2, 6)]), (100, 12, 2, [(1, 5), (3, 7)])]
    assert levels(oracle, ASK) == [(-8, 3, 1, [(6, 3)]), (102, 2, 1, [(5, 2)]), (103, 1, 1, [(4, 1)])]
    assert anomalies(oracle) == {}


@pytest.mark.parametrize("action", ["A", "M"])
@pytest.mark.parametrize(
    ("record", "anomaly"),
    [
        ("1 N undef 0", "invalid_side"),
        ("1 B undef 0", "undefined_price"),
        ("1 B 100 0", "zero_size"),
    ],
)
def test_checks_stop_at_the_first_that_fails(replay: Replay, action: str, record: str, anomaly: str) -> None:
    oracle = replay("A 1 B 100 5", f"{action} {record}")
    assert anomalies(oracle) == {anomaly: 1}
    assert levels(oracle, BID) == [(100, 5, 1, [(1, 5)])]
    assert oracle.lookups == 1


def test_add_of_a_resting_id_replaces_it(replay: Replay) -> None:
    oracle = replay(*THREE, "A 1 B 100 2", "A 2 A 105 4")
    assert anomalies(oracle) == {"add_existing_order": 2}
    assert levels(oracle, BID) == [(100, 11, 2, [(3, 9), (1, 2)])]
    assert levels(oracle, ASK) == [(105, 4, 1, [(2, 4)])]


@pytest.mark.parametrize("size", [7, 3])
def test_modify_to_a_size_not_larger_keeps_the_place(replay: Replay, size: int) -> None:
    oracle = replay(*THREE, f"M 2 B 100 {size}")
    assert levels(oracle, BID) == [(100, 14 + size, 3, [(1, 5), (2, size), (3, 9)])]


def test_modify_to_a_larger_size_goes_to_the_tail(replay: Replay) -> None:
    oracle = replay(*THREE, "M 1 B 100 6")
    assert levels(oracle, BID) == [(100, 22, 3, [(2, 7), (3, 9), (1, 6)])]


def test_modify_to_another_price_goes_to_that_tail(replay: Replay) -> None:
    oracle = replay(*THREE, "A 4 B 99 1", "M 1 B 99 5", "M 2 B 98 1")
    assert levels(oracle, BID) == [(100, 9, 1, [(3, 9)]), (99, 6, 2, [(4, 1), (1, 5)]), (98, 1, 1, [(2, 1)])]
    assert anomalies(oracle) == {}


def test_modify_to_the_other_side_adds_anew(replay: Replay) -> None:
    oracle = replay("A 1 B 100 5", "N", "M 1 A 100 3")
    assert levels(oracle, BID) == []
    assert levels(oracle, ASK) == [(100, 3, 1, [(1, 3)])]
    book = oracle.book(1, 1)
    assert book is not None
    assert (book.orders[1].birth, book.orders[1].arrival) == (3, 3)


def test_modify_keeps_the_birth_and_moves_the_arrival(replay: Replay) -> None:
    book = replay(*THREE, "M 1 B 99 5", "M 2 B 100 6").book(1, 1)
    assert book is not None
    assert (book.orders[1].birth, book.orders[1].arrival) == (1, 4)
    assert (book.orders[2].birth, book.orders[2].arrival) == (2, 2)


def test_modify_of_an_unknown_id_adds_even_with_the_tob_flag(replay: Replay) -> None:
    oracle = replay("A 1 B 100 5", "M 9 B 100 4 TOB")
    assert anomalies(oracle) == {"modify_unknown_order": 1}
    assert levels(oracle, BID) == [(100, 9, 2, [(1, 5), (9, 4)])]


def test_cancel_in_part_keeps_the_place(replay: Replay) -> None:
    oracle = replay(*THREE, "C 1 B 100 4", "C 2 B 100 0")
    assert levels(oracle, BID) == [(100, 17, 3, [(1, 1), (2, 7), (3, 9)])]
    assert anomalies(oracle) == {}


def test_cancel_of_all_removes_order_and_empty_level(replay: Replay) -> None:
    oracle = replay("A 1 B 100 5", "A 2 B 99 6", "C 1 B 100 5")
    assert levels(oracle, BID) == [(99, 6, 1, [(2, 6)])]
    assert anomalies(oracle) == {}


def test_cancel_oversize_removes_the_order(replay: Replay) -> None:
    oracle = replay(*THREE, "C 2 B 100 8")
    assert levels(oracle, BID) == [(100, 14, 2, [(1, 5), (3, 9)])]
    assert anomalies(oracle) == {"cancel_oversize": 1}


def test_cancel_mismatch_goes_on_with_the_orders_own(replay: Replay) -> None:
    oracle = replay(*THREE, "C 1 B 99 1", "C 2 N 100 2", "C 3 A 7 10")
    assert levels(oracle, BID) == [(100, 9, 2, [(1, 4), (2, 5)])]
    assert anomalies(oracle) == {"cancel_mismatch": 3, "cancel_oversize": 1}


def test_cancel_unknown_is_ignored(replay: Replay) -> None:
    oracle = replay(*THREE, "C 4 B 100 1", "C 1 B 100 1 on=1/2", "C 1 B 100 1 on=2/1")
    assert levels(oracle, BID) == [(100, 21, 3, [(1, 5), (2, 7), (3, 9)])]
    assert anomalies(oracle) == {"cancel_unknown_order": 3}


def test_clear_empties_its_book_only(replay: Replay) -> None:
    oracle = replay(*THREE, "A 4 A 105 1", "A 1 B 100 1 on=1/2", "R 1 B undef 3", "C 1 B 100 1")
    assert levels(oracle, BID) == levels(oracle, ASK) == []
    assert anomalies(oracle) == {"cancel_unknown_order": 1}
    other = oracle.book(1, 2)
    assert other is not None
    assert other.levels(BID) == [(100, 1, 1, [(1, 1)])]


def test_trade_fill_and_none_leave_the_book(replay: Replay) -> None:
    oracle = replay(*THREE, "T 1 A 100 5", "F 1 B 100 5", "N 1 B 100 5", "T 0 A undef 5", "X 1 B 100 5")
    assert levels(oracle, BID) == [(100, 21, 3, [(1, 5), (2, 7), (3, 9)])]
    assert anomalies(oracle) == {"trade_undefined_price": 1, "unknown_action": 1}
    assert oracle.finish().books[0].events == 8


def test_crossed_book_is_kept(replay: Replay) -> None:
    (book,) = replay("A 1 B 100 5", "A 2 A 99 5").finish().books
    assert (book.best_bid, book.best_ask) == (100, 99)


def test_top_of_book_replaces_its_side(replay: Replay) -> None:
    oracle = replay(*THREE, "A 4 A 105 1", "A 1 B 101 8 TOB")
    assert levels(oracle, BID) == [(101, 8, 0, [])]
    assert levels(oracle, ASK) == [(105, 1, 1, [(4, 1)])]
    assert anomalies(oracle) == {}
    assert oracle.finish().books[0].orders == 1
    oracle = replay(*THREE, "A 0 B 101 8 TOB", "A 0 B 99 2 TOB", "C 1 B 100 5")
    assert levels(oracle, BID) == [(99, 2, 0, [])]
    assert anomalies(oracle) == {"cancel_unknown_order": 1}


def test_top_of_book_undefined_price_empties_its_side(replay: Replay) -> None:
    oracle = replay(*THREE, "A 4 A 105 1", "A 0 B undef 0 TOB")
    assert levels(oracle, BID) == []
    assert levels(oracle, ASK) == [(105, 1, 1, [(4, 1)])]
    assert anomalies(oracle) == {}


def test_top_of_book_without_side_or_size_is_ignored(replay: Replay) -> None:
    oracle = replay(*THREE, "A 0 N undef 0 TOB", "A 0 B 101 0 TOB")
    assert levels(oracle, BID) == [(100, 21, 3, [(1, 5), (2, 7), (3, 9)])]
    assert anomalies(oracle) == {"invalid_side": 1, "zero_size": 1}


def test_anonymous_size_outlives_the_orders_at_its_price(replay: Replay) -> None:
    lines = ("A 0 B 100 8 TOB", "A 1 B 100 5", "A 2 B 101 1")
    assert levels(replay(*lines), BID) == [(101, 1, 1, [(2, 1)]), (100, 13, 1, [(1, 5)])]
    assert levels(replay(*lines, "C 1 B 100 5", "C 2 B 101 1"), BID) == [(100, 8, 0, [])]


def test_lookups_and_walk(replay: Replay) -> None:
    # Three adds of new ids walk 0 each; then 2nd place, an unknown id, 2nd place (of 1, 3, 2), 1st place.
    oracle = replay(
        *THREE, "M 2 B 100 8", "C 9 B 100 1", "A 3 B 100 1", "C 1 B 100 5", "A 3 B 100 9 TOB", "R", "T", "F 1"
    )
    assert oracle.lookups == 7
    assert oracle.walk == 2 + 0 + 2 + 1


def test_book_end(replay: Replay) -> None:
    ends = replay("A 1 B 100 5 on=7/2", "A 2 B 99 5 on=7/2", "A 3 B 99 5 on=7/2", "N on=7/1", "N on=3/9").finish().books
    assert [(end.instrument_id, end.publisher_id) for end in ends] == [(3, 9), (7, 1), (7, 2)]
    end = ends[2]
    assert (end.events, end.orders, end.bid_levels, end.ask_levels) == (3, 3, 2, 0)
    assert (end.best_bid, end.best_ask) == (100, None)
