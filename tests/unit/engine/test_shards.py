"""Instruments are distributed by activity, and the results of a replay do not depend on the distribution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.activity import ENOUGH, activity
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.policy import Variant
from lobench.engine.records import F_SNAPSHOT
from lobench.engine.replay import Replay
from lobench.engine.shards import SLOTS, share_out
from tests.support.command import calm
from tests.support.dbn_files import header, write, zstd
from tests.support.replays import TOP, Observed, Records, chunks, each
from tests.support.streams import Market

pytestmark = pytest.mark.normal


def test_the_busiest_instruments_are_spread() -> None:
    ids = np.repeat(np.arange(1, 101, dtype=np.uint32), (10_000 / np.arange(1, 101)).astype(int))
    for workers in (2, 3):
        owners = share_out(ids, workers)["worker"]
        slots = (ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(52)
        load = np.bincount(owners[slots.astype(int)], minlength=workers)
        assert load.sum() == len(ids)
        assert load.max() < 1.02 * load.mean()


def test_unseen_instruments_are_spread_evenly() -> None:
    owners = share_out(np.zeros(0, np.uint32), 3)["worker"]
    assert len(owners) == SLOTS
    assert set(np.bincount(owners)) == {SLOTS // 3, SLOTS // 3 + 1}


@pytest.mark.parametrize("variant", each([TOP]))
def test_each_worker_has_its_part(variant: Variant) -> None:
    records = Market(2, instruments=40).records(20_000)
    with Replay(variant, workers=2, observe=False) as replay:
        for chunk in chunks(records, 5_000):
            replay.apply(chunk)
        events = [int(worker.state["events"][0]) for worker in replay._workers]
    assert sum(events) == len(records)
    assert max(events) < 1.1 * sum(events) / 2


@pytest.mark.parametrize("variant", each([TOP]))
def test_a_worker_may_have_nothing_to_do(variant: Variant) -> None:
    records = Market(2, instruments=1).records(9_000)
    one = Observed(variant, records, rows=False).result
    assert Observed(variant, records, rows=False, workers=4).result.digests == one.digests


def opened(events: int, instruments: int = 40) -> Records:
    """A market whose snapshot comes book by book, 1,000 records each, before ``events`` of which every instrument does
    half as much as the one before it."""
    snapshot = calm(1_000 * instruments)
    snapshot["instrument_id"] = np.repeat(np.arange(1, instruments + 1), 1_000)
    snapshot["flags"] |= F_SNAPSHOT
    after = calm(events)
    after["instrument_id"] = 1 + np.minimum(np.random.default_rng(1).geometric(0.3, events), instruments - 1)
    return np.concatenate([snapshot, after])


def shares(ids: npt.NDArray[np.uint32], records: Records) -> npt.NDArray[np.float64]:
    """Of the records, each of two workers' share, if instruments are shared out by ``ids``."""
    slots = (records["instrument_id"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(52)
    taken = np.bincount(share_out(ids, 2)["worker"][slots.astype(int)], minlength=2)
    return taken / taken.sum()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_snapshot_is_no_measure_of_activity(tmp_path: Path, compressed: bool) -> None:
    records = opened(2 * ENOUGH)
    data = header() + records.tobytes()
    feed = open_feed([write(tmp_path / "feed", zstd(data) if compressed else data)])
    ids = activity(feed)
    assert ENOUGH / 16 <= len(ids) < len(records) / 16
    assert shares(ids, records[40_000:]).max() < 0.505
    assert shares(records["instrument_id"][:40_000], records[40_000:]).max() > 0.515
    assert shares(activity(load(feed)), records[40_000:]).max() < 0.505


def test_a_snapshot_is_better_than_nothing() -> None:
    whole = opened(0)
    ids = activity(LoadedFeed("snapshot", next(chunks(whole)), {}))
    assert np.array_equal(np.unique(ids), np.arange(1, 41))


def test_an_empty_feed_has_no_activity(tmp_path: Path) -> None:
    assert len(activity(open_feed([write(tmp_path / "empty.dbn", header())]))) == 0


def test_unreadable_data_ends_the_sample(tmp_path: Path) -> None:
    records = opened(10_000)
    feed = open_feed([write(tmp_path / "cut.dbn", header() + records.tobytes()[:-7])])
    assert len(activity(feed)) > 0


@pytest.mark.parametrize("variant", each([TOP]))
def test_a_replay_samples_its_first_chunk_without_a_snapshot(variant: Variant) -> None:
    records = opened(100_000)
    with Replay(variant, workers=2, observe=False) as replay:
        for chunk in chunks(records):
            replay.apply(chunk)
        events = [int(worker.state["events"][0]) for worker in replay._workers]
    assert sum(events) == len(records)
    # The shares of the snapshot itself cannot be balanced.
    assert max(events) < 0.51 * 100_000 + 0.6 * 40_000
