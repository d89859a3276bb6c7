"""Instruments are shared out by activity, and what a replay computes does not depend on how."""

from __future__ import annotations

import numpy as np
import pytest

from engine.policy import Variant
from engine.session import Replay
from engine.shards import SLOTS, share_out
from tests.replays import TOP, Observed, chunks, each
from tests.streams import Market


def test_the_busiest_instruments_are_spread() -> None:
    ids = np.repeat(np.arange(1, 101, dtype=np.uint32), (10_000 / np.arange(1, 101)).astype(int))
    for workers in (2, 3):
        owners = share_out(ids, workers)["worker"]
        slots = (ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(52)
        load = np.bincount(owners[slots.astype(int)], minlength=workers)
        assert load.sum() == len(ids)
        assert load.max() < 1.02 * load.mean()


def test_what_was_not_seen_is_shared_out_too() -> None:
    owners = share_out(np.zeros(0, np.uint32), 3)["worker"]
    assert len(owners) == SLOTS
    assert set(np.bincount(owners)) == {SLOTS // 3, SLOTS // 3 + 1}


@pytest.mark.parametrize("variant", each([TOP]))
def test_each_worker_has_its_part(variant: Variant) -> None:
    records = Market(2, instruments=40).records(20_000)
    with Replay(variant, workers=2, observe=False) as replay:
        for chunk in chunks(records, 5_000):
            replay.apply(chunk)
        events = [int(worker.engine["events"][0]) for worker in replay._workers]
    assert sum(events) == len(records)
    assert max(events) < 1.1 * sum(events) / 2


@pytest.mark.parametrize("variant", each([TOP]))
def test_a_worker_may_have_nothing_to_do(variant: Variant) -> None:
    records = Market(2, instruments=1).records(9_000)
    one = Observed(variant, records, rows=False).result
    assert Observed(variant, records, rows=False, workers=4).result.digests == one.digests
