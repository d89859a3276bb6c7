"""Work that is put off is seen, also where it is done every few dozen records; and engines that owe nothing pass."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.foreign.start import start_replay
from lobench.engine.workload import Workload
from lobench.workbench.latency.stopping import PLACES, judged, stopped, stops
from lobench.workbench.measurement.questions import LEAST_OWED, MOST_OWED, Examiner, put_off
from tests.support.replays import LADDER

FEED = "synth:every-rule,n=8000"
EACH = 5_000
"""Nanoseconds that a record takes."""


@pytest.mark.parametrize("opening", [0, 700])
@pytest.mark.parametrize("queued", [192, 5_000, 1_000_000])
def test_parts_follow_each_other(opening: int, queued: int) -> None:
    found = stops(opening, opening + queued, random.Random(1))
    assert len(found) == 3 * min(PLACES, queued // 192)
    assert [part.start for part in found] == [opening, *(part.stop for part in found[:-1])]
    assert all(part.start == part.timed < part.stop <= opening + queued for part in found)
    assert {part.stop - part.start for part in found[2::3]} == {1}
    assert all(1 <= part.stop - part.start < 128 for part in found[1::3])


def test_feeds_without_room_are_not_stopped() -> None:
    assert stops(3, 100, random.Random(1)) == []
    assert judged([], []) is None


def test_small_owed_work_passes() -> None:
    assert put_off(LEAST_OWED, 1) is None
    assert put_off(MOST_OWED * 1e9, 1e9) is None
    assert put_off(4.5e8, 1e9) == "does 45% of its work only when it is asked for results"


def test_answers_are_judged_against_answers_after_one_record() -> None:
    """Cold memory costs both the same; a few slow questions prove nothing."""
    cold = 5_000 * np.random.default_rng(1).random(300)
    cold[:20] += 1e8
    spent = np.full(300, 6_000.0)
    assert judged(cold.tolist(), spent.tolist()) is None
    little = np.tile([0.0, 900.0, 0.0], 100)
    assert judged(little.tolist(), (spent / 10).tolist()) is None, "under a microsecond is no work"
    quiet = np.tile([0.0, 4_000.0, 0.0], 100)
    assert judged(quiet.tolist(), spent.tolist()) == "does 40% of its work only when it is asked for results"


class Gathering:
    """A replay that does its collected work every N records, and when queried."""

    trace = 7

    def __init__(self, every: int) -> None:
        self._every, self._kept = every, 0

    def hand(self, start: int, stop: int) -> float:
        began = time.process_time_ns()
        for _ in range(start, stop):
            self._kept += 1
            if self._kept == self._every:
                self._work()
        return float(time.process_time_ns() - began)

    def _work(self) -> None:
        until = time.process_time_ns() + EACH * self._kept
        while self._kept and time.process_time_ns() < until:
            pass
        self._kept = 0

    def settle(self) -> None:
        pass

    def question(self, books: Any) -> int:
        self._work()
        return 1

    def end_state(self) -> int:
        return self.question(())


@pytest.mark.normal
@pytest.mark.parametrize(("every", "late"), [(1, False), (64, True), (10**9, True)])
def test_engines_that_gather_records_are_found(every: int, late: bool) -> None:
    replay: Any = Gathering(every)
    _, said = stopped(load(open_feed([FEED])), 0, replay, replay.hand, Examiner(), 1)
    assert (said is not None) == late, said
    if late:
        assert str(said).endswith("of its work only when it is asked for results")


@pytest.mark.normal
def test_variants_answer_alike_and_owe_no_work() -> None:
    feed = load(open_feed([FEED]))
    found = []
    for variant in (LADDER[0], LADDER[-1]):
        with start_replay(variant, Workload()) as replay:

            def hand(start: int, stop: int) -> float:
                part = feed.slice(start, stop)
                began = time.perf_counter_ns()
                replay.run(part.address, part.stride, part.count)
                return float(time.perf_counter_ns() - began)

            answers, _ = stopped(feed, 0, replay, hand, Examiner(), 1)
            found.append(answers)
    assert found[0] == found[1]
    assert len(set(found[0])) > len(found[0]) // 2
