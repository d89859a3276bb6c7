"""Mechanism counters are exact: each follows from the stream and the policy's way of working."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from lobench.engine.counters import COUNTERS
from lobench.engine.oracle import Oracle
from lobench.engine.oracle import book as oracle_book
from lobench.engine.oracle import side as oracle_side
from lobench.engine.policy import Variant
from lobench.engine.records import ADD, ASK, BATCH, BID, CANCEL, CLEAR, F_LAST, F_TOB, MBO, MODIFY, TRADE, UNDEF_PRICE
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.result import Result
from tests.support.replays import LADDER, PHASE, TOP, Observed, Records, each
from tests.support.streams import Market, made

pytestmark = pytest.mark.normal

P0, P4, P5 = LADDER[0], PHASE[4], PHASE[5]
CORE_AND_TOP = [*each([P4]), *each([TOP], pytest.mark.long)]
"""Whole pipelines with counters are used by no other test; those of packed books, which compile longest, are left to
the long tests. CI has their counts for the book alone (``test_packed.py``)."""
READS = [name for strategy in STRATEGIES.values() for name in strategy.parameters if name in FEATURES]
"""Features that one evaluation's strategies read."""
TRADE_MEANS = sum("trade_mean" in strategy.parameters for strategy in STRATEGIES.values())


@dataclass(frozen=True)
class Happened:
    """The oracle's work on a stream."""

    result: Result
    trades: int
    lookups: int
    walk: int
    orders: int
    levels: int


@cache
def stream() -> Records:
    return Market(3).records(2 * BATCH + 500)


@cache
def happened() -> Happened:
    counts: Counter[str] = Counter()

    class CountedSide(oracle_side.Side):
        def _level(self, price: int) -> oracle_side.Level:
            counts["levels"] += price not in self._levels
            return super()._level(price)

    class CountedBook(oracle_book.Book):
        def __init__(self, instrument_id: int, publisher_id: int) -> None:
            super().__init__(instrument_id, publisher_id)
            self.sides = {BID: CountedSide(BID), ASK: CountedSide(ASK)}

        def _create(self, record: oracle_book.Record) -> None:
            counts["orders"] += 1
            super()._create(record)

    records = stream()
    oracle = Oracle()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lobench.engine.oracle.replay.Book", CountedBook)
        oracle.apply(records)
    trades = int(((records["action"] == TRADE) & (records["price"] != UNDEF_PRICE)).sum())
    return Happened(oracle.finish(), trades, oracle.lookups, oracle.walk, counts["orders"], counts["levels"])


@cache
def counters(variant: Variant, workers: int = 1) -> dict[str, int]:
    result = Observed(variant, stream(), workers=workers, counters=True, rows=False).result
    assert result.digests == happened().result.digests
    assert result.counters is not None
    assert tuple(result.counters) == tuple(COUNTERS)
    return result.counters


@pytest.mark.parametrize("variant", each([P0]))
def test_clone_makes_one_object_of_each_event(variant: Variant) -> None:
    assert counters(variant)["event_objects_allocated"] == len(stream())
    assert counters(variant)["event_bytes_copied"] == 56 * len(stream())


@pytest.mark.parametrize("variant", CORE_AND_TOP)
def test_zero_copy_copies_and_allocates_nothing(variant: Variant) -> None:
    assert counters(variant)["event_objects_allocated"] == 0
    assert counters(variant)["event_bytes_copied"] == 0


@pytest.mark.parametrize("variant", each([P0]))
@pytest.mark.parametrize("workers", [1, 2])
def test_locked_takes_a_lock_for_each_access(variant: Variant, workers: int) -> None:
    """To write: two a new book, one a record that may change a book, trade and evaluation. To read: one a strategy for
    its mid, one for all else that it asks for."""
    expected = happened().result
    evaluation = 1 + len(STRATEGIES) + len(READS) + TRADE_MEANS
    assert evaluation == 11
    changes = int(np.isin(stream()["action"], [ord(action) for action in "ACMR"]).sum())
    locks = 2 * len(expected.books) + changes + happened().trades + evaluation * expected.evaluations
    # No strategy reads other instruments, so nothing is published at batch boundaries.
    assert counters(variant, workers)["locks_taken"] == locks


@pytest.mark.parametrize("variant", CORE_AND_TOP)
@pytest.mark.parametrize("workers", [1, 2])
def test_snapshot_takes_no_lock(variant: Variant, workers: int) -> None:
    assert counters(variant, workers)["locks_taken"] == 0


@pytest.mark.parametrize("variant", each([P0]))
def test_string_makes_and_hashes_a_name_for_each_access(variant: Variant) -> None:
    evaluations = happened().result.evaluations
    assert len(FEATURES) == 24
    assert READS == ["mid_price", "imbalance_level1", "micro_price", "mid_price", "order_flow_imbalance"]
    assert counters(variant)["strings_made"] == (24 + 5) * evaluations
    assert counters(variant)["string_bytes_hashed"] == sum(map(len, [*FEATURES, *READS])) * evaluations


@pytest.mark.parametrize("variant", CORE_AND_TOP)
def test_indexed_makes_no_string(variant: Variant) -> None:
    assert counters(variant)["strings_made"] == 0
    assert counters(variant)["string_bytes_hashed"] == 0


@pytest.mark.parametrize("variant", each([P0]))
def test_linear_walks_each_queue_as_the_oracle_does(variant: Variant) -> None:
    counted = counters(variant)
    assert counted["lookups"] == happened().lookups
    assert counted["lookup_probes"] == happened().walk
    # At least one slot for each search, once the book has a table.
    assert happened().lookups - len(happened().result.books) <= counted["directory_probes"] < 2 * happened().lookups


@pytest.mark.parametrize("variant", each([P4]))
def test_hash_looks_at_less_than_two_slots_on_average(variant: Variant) -> None:
    counted = counters(variant)
    assert counted["lookups"] == happened().lookups
    assert happened().lookups - len(happened().result.books) <= counted["lookup_probes"] < 2 * happened().lookups
    assert counted["directory_probes"] == 0


@pytest.mark.parametrize("variant", each([P0, P4]))
def test_orders_and_levels_are_allocated_when_they_appear(variant: Variant) -> None:
    assert counters(variant)["orders_allocated"] == happened().orders
    assert counters(variant)["levels_allocated"] == happened().levels


@pytest.mark.parametrize("variant", each([P5]))
def test_a_pool_allocates_slabs(variant: Variant) -> None:
    """Two for orders, one for levels, one for books; a market three times as long needs no more."""
    assert counters(variant)["orders_allocated"] == counters(variant)["levels_allocated"] == 0
    assert counters(variant)["slabs_allocated"] == 4
    longer = Observed(variant, Market(3).records(6 * BATCH), counters=True, rows=False).result.counters
    assert longer is not None
    assert longer["slabs_allocated"] == 4


@pytest.mark.parametrize("variant", [*each([P0]), *CORE_AND_TOP])
def test_workers_do_the_same_work_between_them(variant: Variant) -> None:
    """Except for parts of its own: the slabs, and the table of all its packed books."""
    one, two = counters(variant, 1), counters(variant, 2)
    if variant.policies["layout"] == "packed":
        own = ("slabs_allocated", "tables_built", "lookup_probes", "table_update_probes", "lines_touched")
        assert (one["tables_built"], two["tables_built"]) == (1, 2)
        one, two = ({name: count for name, count in found.items() if name not in own} for found in (one, two))
    assert one == two


@pytest.mark.long
@pytest.mark.parametrize("variant", each([PHASE[7]]))
def test_packed_books_touch_few_lines(variant: Variant) -> None:
    """A search ends with its line but for the few that found theirs full; nothing is allocated for an order."""
    counted = counters(variant)
    assert counted["lookups"] == happened().lookups
    assert counted["lookups"] <= counted["lookup_probes"] < 1.02 * counted["lookups"]
    assert counted["orders_allocated"] == counted["levels_allocated"] == counted["directory_probes"] == 0
    assert 4 * counted["lookups"] < counted["lines_touched"] < 12 * counted["lookups"]
    assert counted["windows_laid"] < 20 * len(happened().result.books)


@pytest.mark.parametrize("variant", each([P0, P4]))
def test_counts_of_ten_events_by_hand(variant: Variant) -> None:
    records = made(
        [
            (1, 1, ADD, BID, 100, 5, 11, F_LAST),
            (1, 1, ADD, BID, 100, 5, 12, F_LAST),
            (1, 1, ADD, BID, 100, 5, 13, F_LAST),
            (1, 1, MODIFY, BID, 100, 4, 13, F_LAST),  # found third in its queue
            (1, 1, CANCEL, BID, 100, 5, 12, F_LAST),  # second
            (1, 1, MODIFY, BID, 101, 4, 13, F_LAST),  # second; a new level, no new order
            (1, 1, MODIFY, ASK, 102, 4, 13, F_LAST),  # first; a new order
            (1, 1, CANCEL, BID, 100, 5, 99, F_LAST),  # not found
            (1, 1, TRADE, BID, 102, 1, 0, 0),
            (1, 1, CLEAR, BID, 0, 0, 0, F_LAST),
            (1, 1, ADD, ASK, 102, 4, 0, F_LAST | F_TOB),  # a level, no order, no lookup
            (2, 1, ADD, BID, 7, 1, 11, 0),
        ]
    )
    assert records.dtype == MBO
    result = Observed(variant, records, counters=True, rows=False).result
    counted = result.counters
    assert counted is not None
    assert result.evaluations == 10
    assert counted["lookups"] == 9
    assert counted["orders_allocated"] == 5
    assert counted["levels_allocated"] == 5
    # The first search of each book finds no table; each order is alone in its slot, or nearly.
    name = "directory_probes" if variant is P0 else "lookup_probes"
    assert 7 <= counted[name] <= 14
    if variant is P0:
        assert counted["lookup_probes"] == 3 + 2 + 2 + 1
        # 2 books, 11 events that may change one, 1 trade, 10 evaluations
        assert counted["locks_taken"] == 2 * 2 + 11 + 1 + 11 * 10
        assert counted["event_objects_allocated"] == 12
        assert counted["strings_made"] == 29 * 10
