"""How a session is laid out: balance, slices, the grain, time; and which samples are flagged."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest

from lobench.engine.oracle import Oracle
from lobench.engine.records import BID
from lobench.workbench.experiment import budget
from lobench.workbench.experiment.document import repeatable
from lobench.workbench.measurement.contamination import REASONS, Reading, count_reasons, is_contaminated
from lobench.workbench.measurement.design import (
    LEAD_IN_RECORDS,
    PROCESSES,
    SLICE_RECORDS,
    Slice,
    equal_slices,
    isolated_every,
    slices,
)
from lobench.workbench.measurement.grain import AIM, choose, smoothed
from lobench.workbench.measurement.scaling import worker_counts
from lobench.workbench.measurement.sweep import queue_records
from lobench.workbench.measurement.turn_order import orders, williams
from lobench.workbench.results.model.samples import Design

CLEAN = Reading(
    wall_ns=1_000_100, cpu_ns=1_000_000, involuntary_switches=0, minor_faults=90, major_faults=0, steal_ticks=0
)


@pytest.mark.parametrize("count", range(2, 18))
def test_every_variant_stands_equally_often_at_each_place(count: int) -> None:
    stream = orders(count, random.Random(count))
    for _ in range(3):
        block = np.array(list(itertools.islice(stream, count)))
        assert all(sorted(row) == list(range(count)) for row in block.tolist())
        assert all(sorted(place) == list(range(count)) for place in block.T.tolist())


@pytest.mark.parametrize("count", range(2, 18))
def test_every_variant_follows_each_other_equally_often(count: int) -> None:
    squares = williams(count)
    assert len(squares) == 1 + count % 2
    follows = Counter(pair for square in squares for row in square for pair in itertools.pairwise(row))
    assert set(follows) == set(itertools.permutations(range(count), 2))
    assert len(set(follows.values())) == 1


def test_orders_are_random_and_repeatable() -> None:
    def taken(seed: int) -> list[list[int]]:
        return list(itertools.islice(orders(6, random.Random(seed)), 24))

    assert taken(1) == taken(1)
    assert taken(1) != taken(2)
    assert len(set(map(tuple, taken(1)))) > 12


@pytest.mark.parametrize("events", [1, 2, 7, 1_000, 68_792, 200_000, 1_000_000, 5_000_001])
@pytest.mark.parametrize("aim", [100, 32_768, 131_072])
def test_slices_cover_the_feed_once(events: int, aim: int) -> None:
    size = equal_slices(events, aim)
    found = slices(events, size, aim // 4)
    assert (found[0].start, found[-1].stop) == (0, events)
    assert all(one.stop == other.start for one, other in itertools.pairwise(found))
    lengths = [part.stop - part.start for part in found]
    assert len(found) == -(-events // size)
    assert set(lengths[:-1]) <= {size}
    assert max(lengths) <= 1.5 * aim or len(found) == 1
    for part in found:
        assert part.start <= part.timed < part.stop
        assert part.timed - part.start == min(aim // 4, (part.stop - part.start) // 2)


def test_a_slice_has_its_lead_in() -> None:
    assert slices(250, 100, 30) == [Slice(0, 30, 100), Slice(100, 130, 200), Slice(200, 225, 250)]
    assert slices(5, 100, 0) == [Slice(0, 0, 5)]
    assert 0 < LEAD_IN_RECORDS < SLICE_RECORDS


@pytest.mark.parametrize(
    ("reason", "reading"),
    [
        ("involuntary switch", CLEAN._replace(involuntary_switches=1)),
        ("stolen time", CLEAN._replace(steal_ticks=1)),
        ("major fault", CLEAN._replace(major_faults=2)),
        ("waited", CLEAN._replace(wall_ns=1_200_000)),
    ],
)
def test_disturbances_that_flag_a_sample(reason: str, reading: Reading) -> None:
    assert [name for name, rule in REASONS.items() if rule(reading)] == [reason]
    assert is_contaminated(reading)


def test_small_disturbances_do_not_flag_a_sample() -> None:
    assert not is_contaminated(CLEAN)
    # In a short sample, the resolution of the clocks is not waiting time.
    assert not is_contaminated(Reading(40_000, 1_000, 0, 0, 0, 0))
    assert not is_contaminated(CLEAN._replace(wall_ns=CLEAN.cpu_ns * 104 // 100))
    # The CPU clock may be ahead of the wall clock by its resolution.
    assert not is_contaminated(CLEAN._replace(wall_ns=CLEAN.cpu_ns - 500))


def test_reasons_are_counted_by_the_names_of_columns() -> None:
    columns = ["slice", *reversed(Reading._fields)]
    readings = [CLEAN, CLEAN._replace(steal_ticks=3, involuntary_switches=1), CLEAN._replace(steal_ticks=1)]
    rows = [[7, *reversed(reading)] for reading in readings]
    assert count_reasons(columns, rows) == {
        "involuntary switch": 1,
        "stolen time": 2,
        "major fault": 0,
        "waited": 0,
    }
    assert set(count_reasons(columns, []).values()) == {0}


def recovering(pieces: float, first: float = 0.8) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A variant whose excess falls by a factor of e in this number of pieces of 4,096 records."""
    return first * np.exp(-np.arange(32) / pieces)[None, :]


def test_the_grain_grows_with_the_cost_of_a_switch() -> None:
    grains = [choose(recovering(pieces), 4096, 10_000_000) for pieces in (0.2, 1, 2, 4)]
    assert all(grain.excess < AIM for grain in grains)
    sizes = [grain.slice_records for grain in grains]
    assert sizes == sorted(sizes)
    assert sizes[0] == 32_768
    assert sizes[-1] > sizes[0]
    for grain, pieces in zip(grains, (0.2, 1, 2, 4), strict=True):
        kept = recovering(pieces)[0, grain.lead_in_records // 4096 : grain.slice_records // 4096].mean()
        assert grain.excess == pytest.approx(kept, abs=1e-3)
    # The shortest sufficient lead-in.
    assert choose(recovering(0.2), 4096, 10_000_000, aim=1.0).lead_in_records == 4096


def test_the_slowest_to_recover_decides() -> None:
    both = np.concatenate([recovering(0.2), recovering(4)])
    found, alone = choose(both, 4096, 10_000_000), choose(recovering(4), 4096, 10_000_000)
    assert (found.slice_records, found.lead_in_records) == (alone.slice_records, alone.lead_in_records)
    assert found.excess == pytest.approx(alone.excess)


def test_without_a_good_grain_the_best_is_taken() -> None:
    grain = choose(np.full((1, 32), 0.3), 4096, 10_000_000)
    assert grain.excess == pytest.approx(0.3)
    slow = choose(recovering(30), 4096, 10_000_000)
    assert (slow.slice_records, slow.lead_in_records) == (262_144, 131_072)
    assert slow.excess >= AIM


def test_a_short_feed_is_one_slice() -> None:
    grain = choose(recovering(8), 312, 10_000)
    assert grain.slice_records == 10_000
    assert 0 < grain.lead_in_records <= 5_000


def test_curves_fall_to_nothing() -> None:
    rng = np.random.default_rng(1)
    truth = np.concatenate([recovering(1), recovering(2)])
    curve = smoothed(truth + 0.04 + rng.normal(0, 0.01, truth.shape))
    assert curve.shape == truth.shape
    assert (np.diff(curve, axis=1) <= 0).all()
    assert (curve >= 0).all()
    # A permanent difference is not a cost of the switch.
    assert curve[:, -8:].mean() < 0.01
    assert np.abs(curve - truth).mean() < 0.01


def designed(
    seconds: float, pass_seconds: float, processes: int | None = None, until: float | None = None
) -> tuple[Design, bool]:
    return budget.design(
        seconds,
        events=1_000_000,
        pass_seconds=pass_seconds,
        processes=processes,
        grain=(131_072, 32_768),
        pinned=True,
        until_precision=until,
    )


def test_the_budget_decides_the_number_of_processes() -> None:
    design, isolated = designed(200, 2.0)
    assert (design.processes, design.seconds, isolated) == (PROCESSES, 6.25, True)
    assert (design.slice_records, design.lead_in_records) == (125_000, 32_768)
    # 10 starts, 3 seconds of passes after each, 5 isolated ones: another process would need 61.5 s.
    design, isolated = designed(60, 2.0)
    assert (design.processes, isolated) == (10, True)
    # If passes are long, keep the least number of processes that shows how processes differ.
    design, isolated = designed(60, 40.0)
    assert (design.processes, design.seconds, isolated) == (3, 20, False)
    design, _ = designed(60, 40.0, processes=2)
    assert (design.processes, design.seconds) == (2, 30)


def test_a_precision_may_take_more_processes() -> None:
    design, _ = designed(600, 2.0, until=0.005)
    assert design.until_precision == 0.005
    assert (design.processes, design.seconds) == (120, 5)
    # At most as many as the feed's passes leave time for.
    assert 15 < designed(600, 19.0, until=0.005)[0].processes < 30


@pytest.mark.parametrize(("processes", "isolated"), [(2, 2), (3, 3), (8, 8), (12, 6), (16, 6), (32, 6), (120, 5)])
def test_some_processes_have_an_isolated_pass(processes: int, isolated: int) -> None:
    every = isolated_every(processes)
    assert len(range(0, processes, every)) == isolated


@pytest.mark.parametrize("resting", [1, 8, pytest.param(512, marks=pytest.mark.normal)])
def test_the_swept_queue_keeps_its_length(resting: int) -> None:
    fill, steady = queue_records(resting, 200, seed=3)
    oracle = Oracle()
    oracle.apply(fill)

    def queue() -> list[int]:
        book = oracle.book(1, 1)
        assert book is not None
        ((_, _, count, queued),) = book.levels(BID)
        assert count == len(queued)
        return [order_id for order_id, _ in queued]

    assert len(queue()) == resting
    places = []
    for pair in range(100):
        before = queue()
        oracle.apply(steady[2 * pair : 2 * pair + 2])
        places += [place for place, order in enumerate(before) if order not in queue()]
        assert len(queue()) == resting
    assert len(places) == 100
    assert not any(oracle.finish().anomalies.values())
    if resting > 1:
        # Orders leave from anywhere in the queue.
        assert np.mean(places) == pytest.approx((resting - 1) / 2, rel=0.25)


def test_workers_are_one_and_two_at_least() -> None:
    counts = worker_counts()
    assert counts[:2] == [1, 2]
    assert counts == sorted(set(counts))


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["run", "-o", "/elsewhere", "synth:deep-book"], "lobench run synth:deep-book"),
        (["measure", "--output=/elsewhere", "--feed", "a b"], "lobench measure --feed 'a b'"),
        (["run", "--quick", "-o/elsewhere", "--", "-o"], "lobench run --quick -- -o"),
    ],
)
def test_the_command_that_repeats_says_nothing_of_where_results_went(arguments: list[str], command: str) -> None:
    assert repeatable(arguments) == command
