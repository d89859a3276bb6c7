"""A batch's records are listed book by book: each once, those of an instrument in the feed's order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobench.engine.compiling import entry
from lobench.engine.errors import StrictError
from lobench.engine.layout import SHARED, STATE
from lobench.engine.native import view
from lobench.engine.parameters import NEVER
from lobench.engine.policy import Variant
from lobench.engine.records import BATCH, MBO
from lobench.engine.replay import Replay
from lobench.engine.shards import TURN, index_of, share_out
from lobench.variants.p7_cache_layout.batch_sort import FEWEST, GROUPS, sorted_split
from lobench.variants.p7_cache_layout.layout import PACKED
from lobench.variants.p7_cache_layout.parameters import Parameters
from tests.conftest import examples
from tests.support.replays import LADDER, PHASE, Observed, Records, assert_equal, bits, chunks, each
from tests.support.streams import Market

pytestmark = pytest.mark.normal

P8 = PHASE[8]


@entry
def listed(state_address: int, address: int, stride: int, count: int, indexes: Any) -> int:
    """Put a batch's list into ``indexes``; returns how many there are."""
    state = view(state_address, STATE)
    turns = sorted_split(state, address, stride, count)
    for turn in range(turns):
        indexes[turn] = index_of(state, turn)
    return turns


def lists(
    ids: npt.NDArray[np.uint32], workers: int = 1, *, books: int = 100, grouped: int = 8, strict: bool = False
) -> list[npt.NDArray[np.int64]]:
    """Each worker's list of records with these instrument ids."""
    records = np.zeros(len(ids), MBO)
    records["instrument_id"] = ids
    shared, owners = np.zeros(1, SHARED), share_out(ids, workers)
    shared["owners"] = owners.ctypes.data
    found = []
    for worker in range(workers):
        state, packed, groups, turns = (
            np.zeros(1, STATE),
            np.zeros(1, PACKED),
            np.zeros(1, GROUPS),
            np.zeros(BATCH, TURN),
        )
        groups["begins"] = 9
        state["shared"], state["workers"], state["worker"] = shared.ctypes.data, workers, worker
        state["turns"], state["layout_state"], state["strict"] = turns.ctypes.data, packed.ctypes.data, strict
        packed["groups"], packed["book_count"], packed["grouped"] = groups.ctypes.data, books + 1, grouped
        indexes = np.zeros(BATCH, np.int64)
        count = listed(state.ctypes.data, records.ctypes.data, MBO.itemsize, len(ids), indexes)
        found.append(indexes[:count])
    return found


IDS = st.one_of(st.integers(0, 5), st.integers(0, 2**32 - 1))


@given(st.lists(IDS, min_size=1, max_size=40), st.integers(0, BATCH), st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(200), deadline=None)
def test_each_record_once_and_in_order(known: list[int], count: int, workers: int, seed: int) -> None:
    ids = np.random.default_rng(seed).choice(np.array(known, np.uint32), count)
    found = lists(ids, workers)
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(count))
    for indexes in found:
        for instrument in set(known):
            assert (np.diff(indexes[ids[indexes] == instrument]) > 0).all()
        if count >= FEWEST:
            # Only records of the same slot come between those of an instrument.
            changes = np.count_nonzero(np.diff(ids[indexes].astype(np.int64)))
            assert len(set(known)) > 30 or changes < len(set(known))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "options", [{"books": 7}, {"grouped": NEVER}, {"strict": True}], ids=["few books", "never", "strict"]
)
def test_the_feeds_order_is_kept(workers: int, options: dict[str, Any]) -> None:
    ids = np.random.default_rng(1).integers(1, 50, BATCH).astype(np.uint32)
    for indexes in lists(ids, workers, **options):
        assert (np.diff(indexes) > 0).all()


@pytest.fixture(scope="module")
def market() -> Records:
    """Some 60 books, a batch and a part of one at a time."""
    return Market(11, instruments=30).records(5 * BATCH + 321)


@pytest.mark.parametrize("variant", each([P8]))
@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_but_the_order_changes(variant: Variant, market: Records, workers: int) -> None:
    found = [
        Observed(variant.fitted(Parameters(grouped=grouped)), market, chunk=BATCH + 700, workers=workers)
        for grouped in (0, NEVER)
    ]
    assert_equal(found[0].result, found[1].result)
    assert found[0].levels == found[1].levels
    rows = [np.concatenate(each.rows) for each in found]
    events = [np.concatenate(each.events) for each in found]
    assert (bits(rows[0]) == bits(rows[1])).all()
    assert np.array_equal(events[0], events[1])
    assert (np.diff(events[0]) > 0).all()


def complaint(variant: Variant, records: Records) -> str:
    """The error that stops a strict replay."""
    with Replay(variant, strict=True) as replay, pytest.raises(StrictError) as caught:
        replay.apply(next(chunks(records)))
    return str(caught.value)


@pytest.mark.parametrize("variant", each([P8]))
def test_a_strict_replay_stops_at_the_first_anomaly(variant: Variant, market: Records) -> None:
    assert complaint(variant, market) == complaint(LADDER[0], market)
