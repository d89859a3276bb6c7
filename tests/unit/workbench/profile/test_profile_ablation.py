"""Stage times by ablation: the truth is found, intervals keep their level, stages take turns in balanced order."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from lobench.engine.feeds import LoadedFeed
from lobench.engine.feeds.base import Chunk
from lobench.engine.records import MBO
from lobench.engine.stages import STAGES
from lobench.workbench.measurement.turn_order import orders
from lobench.workbench.profile.ablating import timed
from lobench.workbench.profile.ablation import PROCESSES, stage_times
from lobench.workbench.profile.task import SLICE
from tests.support.stage_times import SHARES, simulated

SESSIONS = 2000
FEWER = 400


def test_the_share_of_a_stage_is_its_added_time() -> None:
    """Without noise exactly; a pass that was disturbed moves nothing."""
    processes = simulated(1, peculiar=0.0, noise=0.0)
    processes[0][2] *= 10
    for row, stage, truth in zip(stage_times(processes, 1000), STAGES, SHARES, strict=True):
        assert row.stage == stage
        assert astuple(row.share) == pytest.approx((truth, truth, truth))
        assert row.nanoseconds.value == pytest.approx(100 * truth)


@pytest.mark.parametrize(
    "count", [pytest.param(FEWER, marks=pytest.mark.normal), pytest.param(SESSIONS, marks=pytest.mark.long)]
)
def test_intervals_keep_their_level(count: int) -> None:
    """95 % intervals of times and shares cover the truth in 93 to 97 of 100 sessions whose processes differ; in fewer
    sessions the rate is as much further off as chance has it."""
    covered: Counter[tuple[str, str]] = Counter()
    for seed in range(count):
        for row, truth in zip(stage_times(simulated(seed, PROCESSES), 1000), SHARES, strict=True):
            covered["time", row.stage] += row.nanoseconds.low <= 100 * truth <= row.nanoseconds.high
            covered["share", row.stage] += row.share.low <= truth <= row.share.high
    rates = {name: hits / count for name, hits in covered.items()}
    assert len(rates) == 2 * len(STAGES)
    off = 0.02 * np.sqrt(SESSIONS / count)
    assert all(abs(rate - 0.95) <= off for rate in rates.values()), rates


def test_shares_add_up() -> None:
    rows = stage_times(simulated(2), 1000)
    assert sum(row.share.value for row in rows) == pytest.approx(1)


def test_stages_take_turns_in_balanced_order() -> None:
    """In as many slices as there are stages, each has each position once, and follows each other one once."""
    order: list[int] = []

    class Silent:
        def __init__(self, place: int) -> None:
            self.place = place

        def run(self, address: int, stride: int, count: int) -> None:
            order.append(self.place)
            handled[self.place] += count

    handled: Counter[int] = Counter()
    records = np.zeros(len(STAGES) * SLICE, MBO)
    whole = Chunk(int(records.ctypes.data), MBO.itemsize, len(records), records)
    replays: list[Any] = [Silent(place) for place in range(len(STAGES))]
    found = timed(replays, LoadedFeed("made", whole, {}), orders(len(STAGES), random.Random(1)))
    assert np.array(found).shape == (len(STAGES), len(STAGES))
    assert set(handled.values()) == {len(records)}
    turns = [order[start : start + len(STAGES)] for start in range(0, len(order), len(STAGES))]
    for place in range(len(STAGES)):
        assert sorted(turn[place] for turn in turns) == list(range(len(STAGES)))
    followed = Counter(pair for turn in turns for pair in itertools.pairwise(turn))
    assert set(followed.values()) == {1}
    assert len(followed) == len(STAGES) * (len(STAGES) - 1)
