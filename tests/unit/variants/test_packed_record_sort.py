"""Where books do not fit in the cache, records of many batches are copied book by book: each once, those of an
instrument in the feed's order, and nothing that a replay computes changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobench.engine.aligned_alloc import LINE_BYTES, aligned_free
from lobench.engine.compiling import entry
from lobench.engine.layout import SHARED, STATE
from lobench.engine.native import view
from lobench.engine.policy import Variant
from lobench.engine.records import BATCH, MBO
from lobench.engine.replay import Replay
from lobench.engine.shards import share_out, slots_of
from lobench.variants.p7_cache_layout.layout import PACKED
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, Parameters
from lobench.variants.p7_cache_layout.record_sort import longest, take_copies
from lobench.workbench.measurement.design import LEAD_IN_RECORDS, SLICE_RECORDS
from tests.conftest import examples
from tests.support.replays import PHASE, Records, chunks, each
from tests.support.streams import Market

pytestmark = pytest.mark.normal

P4, P8 = PHASE[4], PHASE[8]
TOGETHER = 2 * BATCH


@entry
def copied(state_address: int, address: int, stride: int, count: int, lines: Any) -> int:
    """Put the copies of records into ``lines``; returns how many there are."""
    copies, turns = take_copies(view(state_address, STATE), address, stride, count)
    for turn in range(turns):
        line = view(copies + turn * LINE_BYTES, MBO)
        lines[turn]["order_id"] = line["order_id"]
        lines[turn]["instrument_id"] = line["instrument_id"]
        lines[turn]["sequence"] = line["sequence"]
    return turns


@entry
def most(state_address: int, count: int) -> int:
    return longest(view(state_address, STATE), count)


@entry
def release(address: int) -> None:
    aligned_free(address)


def prepared(worker: int = 0, **fields: int) -> tuple[Any, Any]:
    """A worker's state and packed books."""
    state, packed = np.zeros(1, STATE), np.zeros(1, PACKED)
    state["layout_state"], state["worker"] = packed.ctypes.data, worker
    for name, value in {"together": TOGETHER, "grouped": 8, "book_count": 100, "cold": 1, **fields}.items():
        packed[name] = value
    return state, packed


def copies_of(records: npt.NDArray[np.void], workers: int) -> list[npt.NDArray[np.void]]:
    """The copies that each worker makes."""
    shared, owners = np.zeros(1, SHARED), share_out(records["instrument_id"], workers)
    shared["owners"] = owners.ctypes.data
    found = []
    for worker in range(workers):
        state, packed = prepared(worker)
        state["shared"], state["workers"], state["listed"] = shared.ctypes.data, workers, 1
        # Twice, because memory is used again.
        for _ in range(2):
            lines = np.zeros(TOGETHER, MBO)
            count = copied(state.ctypes.data, records.ctypes.data, MBO.itemsize, len(records), lines)
        assert state["listed"] == 0
        release(int(packed["copies"][0]))
        found.append(lines[:count])
    return found


IDS = st.one_of(st.integers(0, 5), st.integers(0, 2**32 - 1))


@given(st.lists(IDS, min_size=1, max_size=40), st.integers(1, TOGETHER), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(100), deadline=None)
def test_each_record_once_and_in_order(known: list[int], count: int, workers: int, seed: int) -> None:
    records = np.zeros(count, MBO)
    records["instrument_id"] = np.random.default_rng(seed).choice(np.array(known, np.uint32), count)
    records["order_id"] = np.arange(count)
    # The last field of a record.
    records["sequence"] = count - np.arange(count)
    found = copies_of(records, workers)
    assert np.array_equal(np.sort(np.concatenate([lines["order_id"] for lines in found])), np.arange(count))
    for lines in found:
        assert np.array_equal(records["instrument_id"][lines["order_id"]], lines["instrument_id"])
        assert np.array_equal(lines["sequence"], count - lines["order_id"])
        slots = slots_of(lines["instrument_id"])
        assert (np.diff(slots) >= 0).all()
        for slot in np.unique(slots):
            assert (np.diff(lines["order_id"][slots == slot].astype(np.int64)) > 0).all()


@pytest.mark.parametrize(
    ("fields", "strict", "count", "expected"),
    [
        ({}, 0, BATCH + 1, TOGETHER),
        ({}, 0, BATCH, BATCH),
        ({"cold": 0}, 0, 10 * BATCH, BATCH),
        ({"grouped": 100}, 0, 10 * BATCH, BATCH),
        ({}, 1, 10 * BATCH, BATCH),
    ],
    ids=["many books", "a few records", "books that fit", "few books", "strict"],
)
def test_when_it_is_done(fields: dict[str, int], strict: int, count: int, expected: int) -> None:
    state, packed = prepared(**fields)
    state["strict"] = strict
    assert most(state.ctypes.data, count) == expected
    assert packed["copies"] == 0


def test_a_sessions_slices_and_lead_ins_are_whole_sorts() -> None:
    assert LEAD_IN_RECORDS % DEFAULTS.together == SLICE_RECORDS % DEFAULTS.together == 0


@pytest.fixture(scope="module")
def market() -> Records:
    """Some 60 books, several sorts and a part of one."""
    return Market(11, instruments=30).records(5 * BATCH + 321)


@pytest.mark.parametrize("variant", each([P8]))
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("size", [3 * BATCH + 700, 10 * BATCH])
def test_results_are_the_same(variant: Variant, market: Records, workers: int, size: int) -> None:
    # All books count as more than the cache holds.
    cold = variant.fitted(Parameters(grouped=0, ahead_bytes=0, together=TOGETHER))
    states = []
    for one, count in ((P4, 1), (cold, workers)):
        with Replay(one, workers=count, observe=False) as replay:
            for chunk in chunks(market, size):
                replay.run(chunk.address, chunk.stride, chunk.count)
            if one is cold:
                packed = [int(worker.state["layout_state"][0]) for worker in replay._workers]
                assert all(first_copies(address) != 0 for address in packed)
            states.append((replay.trace, replay.end_state(), replay.finish().anomalies))
    assert states[0] == states[1]


@entry
def first_copies(layout_state: int) -> int:
    return view(layout_state, PACKED)["copies"]
