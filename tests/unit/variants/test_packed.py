"""Packed books where they differ from general ones: grids and prices off them, full and cleared tables, equal ids,
queues put in order, event numbers past 2^32."""

from __future__ import annotations

import ctypes
import random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from lobench.engine.arena import release
from lobench.engine.feeds import load, open_feed
from lobench.engine.foreign.start import start_replay
from lobench.engine.layout import BOOK
from lobench.engine.native import view
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_LAST, MODIFY
from lobench.engine.replay import Replay
from lobench.engine.workload import Workload
from lobench.variants.p7_cache_layout.layout import HEAD, SLOTS
from lobench.variants.p7_cache_layout.layout import PACKED as PACKED_STATE
from lobench.variants.p7_cache_layout.levels import tick_of
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, RANGES, Parameters, lines_for
from lobench.variants.p7_cache_layout.queues import sort
from lobench.variants.p7_cache_layout.window import lay_grid
from tests.support.replays import PHASE, Expected, Observed, Records, assert_same, chunks, each
from tests.support.scattered import scatter_of
from tests.support.streams import made

pytestmark = pytest.mark.normal

P7 = PHASE[7]
PACKED = each([P7])
TICKS = (1, 3, 64, 250_000_000, 10_000_000, 3 * 2**40)
EXTREMES = (-(2**63), -(2**63) + 1, -1, 0, 1, 19_200 * 250_000_000, 2**63 - 2)


def record_at(address: int, dtype: np.dtype[Any]) -> Any:
    """A record of a paused replay, for reading and writing."""
    buffer: Any = (ctypes.c_char * dtype.itemsize).from_address(address)
    return np.frombuffer(buffer, dtype)[0]


def state_of(replay: Replay) -> Any:
    return record_at(int(replay._workers[0].state["layout_state"][0]), PACKED_STATE)


def replayed(records: Records) -> tuple[Any, dict[str, int]]:
    """A copy of the state after a replay of the top phase, and its counters."""
    with Replay(P7, counters=True, until="book") as replay:
        for chunk in chunks(records):
            replay.apply(chunk)
        state = state_of(replay).copy()
        counters = replay.finish().counters
    assert counters is not None
    return state, counters


@njit()
def lay(packed: int, address: int, tick: int, anchor: int, width: int) -> None:
    lay_grid(view(packed, PACKED_STATE), view(address, HEAD), tick, anchor, anchor, width)
    release(view(packed, PACKED_STATE)["arena"])


@njit()
def tick_number(address: int, price: int) -> int:
    return tick_of(view(address, HEAD), price)


@njit()
def sort_numbers(address: int, count: int) -> None:
    sort(address, count)


@pytest.mark.parametrize("tick", TICKS)
@pytest.mark.parametrize("anchor", EXTREMES)
def test_a_grid_knows_its_prices_and_no_other(tick: int, anchor: int) -> None:
    width = 128
    head, packed = np.zeros(1, HEAD), np.zeros(1, PACKED_STATE)
    lay(packed.ctypes.data, head.ctypes.data, tick, anchor, width)
    base = int(head["base"][0])
    assert (anchor - base) % tick == 0
    # No window exceeds the largest price: a price within a tick of it stays outside.
    assert 0 <= (anchor - base) // tick < width + (anchor > 2**63 - 1 - tick)
    steps = [*range(-3, width + 3), -(2**20), 2**20]
    near = {base + step * tick + off for step in steps for off in (0, 1, -1, tick // 2)}
    for price in sorted(near | set(EXTREMES)):
        if -(2**63) <= price < 2**63:
            inside = (price - base) % tick == 0 and 0 <= (price - base) // tick < width
            found = int(tick_number(head.ctypes.data, price)) % 2**64
            assert found == (price - base) // tick if inside else found >= width, (price, base)


@given(st.lists(st.integers(0, 2**63 - 1), max_size=200))
@settings(deadline=None)
def test_sort(numbers: list[int]) -> None:
    array: npt.NDArray[np.int64] = np.array(numbers, np.int64)
    sort_numbers(array.ctypes.data, len(array))
    assert array.tolist() == sorted(numbers)


def wandering(prices: list[int], count: int, seed: int, instruments: int = 1) -> Records:
    """Adds, changes and cancels of one or more books at any of these prices."""
    draw = random.Random(seed)
    live: list[tuple[int, int, int]] = []
    rows: list[tuple[int, ...]] = []
    for number in range(count):
        if len(live) < 30 or draw.random() < 0.5:
            instrument, side, price = draw.randrange(instruments) + 1, draw.choice((BID, ASK)), draw.choice(prices)
            live.append((instrument, side, number))
            rows.append((instrument, 1, ADD, side, price, draw.randint(1, 9), number, F_LAST))
        else:
            instrument, side, order = live[draw.randrange(len(live))]
            if draw.random() < 0.3:
                rows.append((instrument, 1, MODIFY, side, draw.choice(prices), draw.randint(1, 9), order, F_LAST))
            else:
                live.remove((instrument, side, order))
                rows.append((instrument, 1, CANCEL, side, draw.choice(prices), 9, order, F_LAST))
    return made(rows)


PRICES = {
    "grid": [100_000 + 25 * k for k in range(40)],
    "one price off the grid": [*(100_000 + 25 * k for k in range(40)), 100_001],
    "no grid": [random.Random(k).randint(1, 10**15) for k in range(60)],
    "far apart": [k * 2**58 for k in range(-32, 32)],
    "extremes": [-(2**63), -(2**63) + 1, 0, 2**63 - 2, 2**63 - 3, 5, 7],
    "wider than any window": [k * 1_000 for k in range(0, 200_000, 1_999)],
    "negative": [-500 * k for k in range(1, 50)],
}


@pytest.mark.parametrize("variant", PACKED)
@pytest.mark.parametrize("name", PRICES)
def test_any_prices(variant: Any, name: str) -> None:
    records = wandering(PRICES[name], 4_000, 5, instruments=2)
    assert_same(Observed(variant, records), Expected(records))


@pytest.mark.parametrize("variant", PACKED)
def test_a_window_follows_its_market(variant: Any) -> None:
    """Prices climb by a hundred windows. With 40 levels and 64 ticks, searches outside cost as much as a new window."""
    rows: list[tuple[int, ...]] = []
    for number in range(20_000):
        rows.append((1, 1, ADD, (BID, ASK)[number % 2], 1_000 * (number // 2 + number % 2 * 5), 1, number, F_LAST))
        if number >= 40:
            rows.append((1, 1, CANCEL, (BID, ASK)[number % 2], 0, 1, number - 40, F_LAST))
    records = made(rows)
    assert_same(Observed(variant, records, rows=False), Expected(records))
    _, counters = replayed(records)
    assert 20 < counters["windows_laid"] < 1_000
    assert counters["far_levels"] < 60 * counters["windows_laid"]


@pytest.mark.parametrize("variant", PACKED)
def test_ids_that_all_books_share(variant: Any) -> None:
    """Venues that number each book's orders from 1: the hash learns to tell books apart."""
    rows: list[tuple[int, ...]]
    rows = [(book, 1, ADD, BID, 100 + order % 7, 1, order, F_LAST) for order in range(40) for book in range(1, 301)]
    rows += [(book, 1, CANCEL, BID, 100, 1, order, F_LAST) for order in range(0, 40, 3) for book in range(1, 301)]
    records = made(rows)
    state, counters = replayed(records)
    assert state["salt"] != 0
    assert counters["lookup_probes"] < 10 * counters["lookups"]
    assert_same(Observed(variant, records, rows=False), Expected(records))


@pytest.mark.parametrize("variant", PACKED)
def test_clears_leave_nothing_behind(variant: Any) -> None:
    """Orders of a cleared book stay in the table for a while; no search may find them, and the table does not grow."""
    rows: list[tuple[int, ...]] = []
    for day in range(30):
        rows += [(1, 1, ADD, (BID, ASK)[k % 2], 100 + k % 9, 1 + day, 1_000 + k, F_LAST) for k in range(900)]
        rows += [(1, 1, CANCEL, BID, 100, 1, 1_000 + k, F_LAST) for k in range(0, 900, 7)]
        rows.append((1, 1, CLEAR, 0, 0, 0, 0, F_LAST))
        rows += [(1, 1, CANCEL, BID, 100, 1, 1_001, F_LAST), (2, 1, ADD, BID, 100, 1, 1_001 + day, F_LAST)]
    records = made(rows)
    assert_same(Observed(variant, records), Expected(records))
    state, counters = replayed(records)
    assert state["live"] == 30
    assert state["lines"] == DEFAULTS.least_lines
    assert counters["tables_built"] == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_table_for_the_expected_orders_does_not_grow(workers: int) -> None:
    orders = 24_000
    records = made([(k % 16, 1, ADD, (BID, ASK)[k % 2], 100 + k % 9, 1, k, F_LAST) for k in range(orders)])
    ends = []
    for told in (0, orders):
        with Replay(P7, counters=True, observe=False, until="book", orders=told, workers=workers) as replay:
            if told:
                # There before the first record.
                assert state_of(replay)["lines"] == lines_for(orders // workers, DEFAULTS.after)
            for chunk in chunks(records):
                replay.apply(chunk)
            ends.append((replay.end_state(), replay.trace))
            counters = replay.finish().counters
        assert counters is not None
        assert (counters["tables_built"] == workers) == bool(told)
    assert ends[0] == ends[1]


def test_a_workload_that_knows_its_orders_sizes_the_table() -> None:
    with start_replay(P7, Workload(orders=24_000)) as replay:
        assert isinstance(replay, Replay)
        assert state_of(replay)["lines"] == lines_for(24_000, DEFAULTS.after)


def test_an_expected_number_only_enlarges_the_table() -> None:
    assert DEFAULTS.sized(0) == DEFAULTS.sized(1) == DEFAULTS
    tuned = Parameters(least_lines=5_000, distance=6, after=20)
    assert tuned.sized(400) == tuned
    assert tuned.sized(500_000) == Parameters(least_lines=lines_for(500_000, 20), distance=6, after=20)
    assert DEFAULTS.sized(10**12).least_lines == RANGES["least_lines"].high


@pytest.mark.parametrize("variant", PACKED)
def test_the_same_ids_after_each_clear(variant: Any) -> None:
    """Orders that a clear left in the table make way for those of the same id: no search gets longer, and levels are
    used again."""
    rows: list[tuple[int, ...]] = []
    for day in range(1_500):
        rows += [(1, 1, ADD, (BID, ASK)[k % 2], 100 + (day * 7 + k) % 50, 1 + k, k, F_LAST) for k in range(3)]
        rows.append((1, 1, CLEAR, 0, 0, 0, 0, F_LAST))
    records = made(rows)
    assert_same(Observed(variant, records, rows=False), Expected(records))
    state, counters = replayed(records)
    assert state["live"] == 0
    assert state["used"] <= 3 * SLOTS
    assert state["level_count"] < 100
    assert counters["lookup_probes"] == counters["lookups"]


@pytest.mark.parametrize("variant", PACKED)
def test_ids_chosen_to_collide(variant: Any) -> None:
    """All in one line by the first hash; the next hash is unpredictable."""
    ids = [number * pow(scatter_of(DEFAULTS.least_lines), -1, 2**64) % 2**64 for number in range(6_000)]
    rows: list[tuple[int, ...]] = []
    rows += [(1, 1, ADD, BID, 100 + number % 5, 1, order, F_LAST) for number, order in enumerate(ids)]
    rows += [(1, 1, CANCEL, BID, 100 + number % 5, 1, order, F_LAST) for number, order in enumerate(ids[::2])]
    records = made(rows)
    state, counters = replayed(records)
    assert state["salt"] != 0
    assert counters["lookup_probes"] + counters["table_update_probes"] < 10 * counters["lookups"]
    with Replay(PHASE[6]) as replay:
        replay.apply(next(chunks(records)))
        expected = replay.finish().digests
    with Replay(variant) as replay:
        replay.apply(next(chunks(records)))
        assert replay.finish().digests == expected


@pytest.mark.parametrize("variant", PACKED)
def test_a_window_that_is_no_help_is_laid_seldom(variant: Any) -> None:
    """Prices on no grid: a book of thousands lays a window a few times, as it grows."""
    draw = random.Random(9)
    prices = [draw.randrange(1 << 40) for _ in range(12_000)]
    rows: list[tuple[int, ...]] = []
    rows += [(1, 1, ADD, (BID, ASK)[k % 2], price, 1, k, F_LAST) for k, price in enumerate(prices)]
    _, counters = replayed(made(rows))
    assert counters["windows_laid"] < 30


@pytest.mark.parametrize("variant", PACKED)
def test_event_numbers_past_32_bits(variant: Any) -> None:
    """Stamps are kept modulo 2^32: lifetimes, places in queues and their digests stay right across the wrap."""
    records = wandering(PRICES["grid"], 3_000, 8)
    outcomes = []
    for other in (PHASE[6], variant):
        with Replay(other, evaluate="every") as replay:
            parts = list(chunks(records, 1_000))
            replay.apply(parts[0])
            (book,) = replay.books()
            record_at(book._address, BOOK)["events"] = 2**32 - 100 + 1_000
            # Orders from before the jump would be older than stamps can express.
            cleared = made([(1, 1, CLEAR, 0, 0, 0, 0, F_LAST)])
            replay.apply(next(chunks(cleared)))
            for part in parts[1:]:
                replay.apply(part)
            result = replay.finish()
            outcomes.append((result.digests, result.anomalies, result.books))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2][0].events > 2**32


@pytest.mark.long
@pytest.mark.parametrize("variant", PACKED)
def test_memory_per_order(variant: Any) -> None:
    """At most 64 bytes for each of many orders, and no more after a longer time."""
    feed = load(open_feed(["synth:deep-book,n=1M"]))
    with Replay(variant, observe=False, until="book") as replay:
        sizes = []
        for stop in (600_000, 1_000_000):
            chunk = feed.slice(replay.records, stop)
            replay.apply(chunk)
            memory = replay.memory()
            sizes.append(memory["table_bytes"])
            assert memory["orders"] > 200_000
            assert memory["table_bytes"] <= 64 * memory["orders"]
            assert memory["ladder_bytes"] + memory["order_bytes"] < 4_000_000
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("variant", PACKED)
def test_looking_ahead_changes_nothing(variant: Any) -> None:
    """A feed large enough for it, against the general layout; books come while others are looked for."""
    feed = load(open_feed(["synth:full-market,n=120k,seed=3,anomalies=0.005"]))
    with Replay(variant) as replay:
        replay.apply(feed.slice(0, feed.count))
        assert state_of(replay)["ahead"] == 1
        found = replay.finish()
    with Replay(PHASE[6]) as replay:
        replay.apply(feed.slice(0, feed.count))
        expected = replay.finish()
    assert found.digests == expected.digests
    assert found.anomalies == expected.anomalies
    assert np.array_equal(found.samples, expected.samples)
