"""Measurements beside the session: lock-step's bias, scaling, limits, the sweep; no result without repetition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lobench.variants import REFERENCE
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import (
    MeasuredLimits,
    NamedSamples,
    RandomAccess,
    SequentialRead,
    SessionResult,
    Sweep,
)
from lobench.workbench.statistics import analyse_sweep, compared
from lobench.workbench.statistics.bias import alone, bias, with_biases
from lobench.workbench.statistics.side_measurements import limits, scaling
from tests.support import typed
from tests.support.noise import feed

NAMES = [REFERENCE, "p4_hash_lookup", CONTROL]
DESIGN = {"slice_records": 1000, "lead_in_records": 0, "seed": 1}


def measured(times: np.ndarray) -> tuple[Any, SessionResult]:
    rows = np.zeros((times.size, 12), dtype=np.int64)
    rows[:, :4] = np.indices(times.shape).reshape(4, -1).T
    rows[:, 5] = rows[:, 6] = np.rint(times.ravel())
    return rows, typed.session(feed(NAMES, rows, 4000, DESIGN)["session"])


def test_bias_compares_the_same_slices_in_the_same_processes() -> None:
    """Isolated passes are few, and the work of their slices differs: each slice is compared with itself, whatever the
    blocks."""
    slices = np.array([1.0, 5.0, 2.0, 9.0])[None, None, :, None] * 1e6
    _, session = measured(np.ones((3, 3, 4, 3)) * slices * np.array([1.0, 1.2, 1.0]))
    rows, _ = measured(np.ones((3, 1, 4, 3)) * slices)
    isolated = NamedSamples(tuple(NAMES), session.samples.columns, rows)
    found = bias(compared(session), session, isolated)
    assert found is not None
    assert [entry.variant for entry in found] == NAMES
    assert [entry.ratio.value for entry in found] == pytest.approx([1.0, 1.2, 1.0])
    # A process without a whole pass is left out; a single process shows nothing.
    cut = rows[(rows[:, 0] < 1) | (rows[:, 2] < 3)]
    assert bias(compared(session), session, replace(isolated, rows=cut)) is None
    only = rows[rows[:, 3] == 1]
    found = bias(compared(session), session, replace(isolated, rows=only)) or ()
    assert [entry.variant for entry in found] == ["p4_hash_lookup"]


def test_a_bias_that_is_shown_stands_beside_the_figure() -> None:
    """In lock-step the fast one takes 1.07 times as long, and the reference as long as by itself."""
    rng = np.random.default_rng(3)
    noise = rng.lognormal(0, 0.002, (6, 2, 4, 3))
    _, session = measured(noise * 1e6 * np.array([10.0, 1.07, 10.0]))
    rows, _ = measured(rng.lognormal(0, 0.002, (6, 1, 4, 3)) * 1e6 * np.array([10.0, 1.0, 10.0]))
    isolated = NamedSamples(tuple(NAMES), session.samples.columns, rows)
    comparisons = compared(session)
    found = bias(comparisons, session, isolated) or ()
    assert {entry.variant: entry.shown for entry in found} == {NAMES[0]: False, NAMES[1]: True, NAMES[2]: False}
    total = comparisons.compare(NAMES[1], NAMES[0]).ratio()
    slow, fast = with_biases([rung(NAMES[0], None, None), rung(NAMES[1], NAMES[0], total)], found, REFERENCE)
    assert (slow.bias, slow.step_alone, slow.total_alone) == (None, None, None)
    assert fast.bias is not None
    assert fast.bias.value == pytest.approx(1.07, rel=0.01)
    for corrected in (fast.step_alone, fast.total_alone):
        assert corrected is not None
        assert corrected.low < 10 < corrected.high
        # The interval includes the uncertainty of the biases.
        assert corrected.high / corrected.low > total.high / total.low
    # A bias of the base affects the figure, too.
    assert alone(total, replace(found[0], shown=False), replace(found[1], shown=True)) is not None
    assert alone(total, found[0], found[2]) is None
    assert alone(None, found[1], found[0]) is None


def rung(variant: str, base: str | None, ratio: Interval | None) -> Rung:
    """With the same step and total, and nothing else."""
    speed, nothing = Interval(1.0, 1.0, 1.0), None
    return Rung(
        variant, nothing, base, speed, ratio, nothing, nothing, nothing, nothing, ratio, nothing, nothing, nothing
    )


def scaled(processes: int, passes: int) -> NamedSamples:
    rng = np.random.default_rng(1)
    rows = [
        [process, number, variant, workers, round(1e9 * (1 + variant) / workers * rng.lognormal(0, 0.01)), 10**9]
        for process in range(processes)
        for number in range(passes)
        for variant in range(2)
        for workers in (1, 2)
    ]
    return NamedSamples(("a", "b"), ("process", "pass", "variant", "workers", "wall_ns", "cpu_ns"), rows)


@pytest.mark.parametrize(("processes", "passes"), [(4, 1), (4, 3), (1, 4)])
def test_scaling(processes: int, passes: int) -> None:
    found = scaling(scaled(processes, passes), 1_000_000)
    assert found is not None
    assert [(entry.variant, entry.workers) for entry in found] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert found[0].speedup == Interval(1.0, 1.0, 1.0)
    assert found[3].speedup.low < found[3].speedup.value == pytest.approx(2, rel=0.03)
    assert found[1].events_per_second.value == pytest.approx(2e6, rel=0.03)


@pytest.mark.parametrize(("processes", "passes"), [(4, 1), (1, 4)])
def test_the_ceiling_is_the_gain_of_replays_at_once(processes: int, passes: int) -> None:
    samples = scaled(processes, passes)
    at_once = replace(samples, rows=[row for row in samples.rows if row[3] == 2])
    found = scaling(samples, 1_000_000, at_once)
    assert found is not None
    # With two at once, each took half as long as a single one.
    assert [entry.ceiling and round(entry.ceiling.value, 1) for entry in found] == [None, 4.0, None, 4.0]
    assert all(entry.ceiling is None for entry in scaling(samples, 1_000_000) or ())


def test_a_ceiling_that_was_not_repeated_says_nothing() -> None:
    samples = scaled(3, 1)
    at_once = replace(samples, rows=[row for row in samples.rows if row[3] == 2 and row[0] == 0])
    found = scaling(samples, 1_000_000, at_once)
    assert found
    assert all(entry.ceiling is None for entry in found)


def test_scaling_that_was_not_repeated_says_nothing() -> None:
    assert scaling(scaled(1, 1), 1_000_000) is None


def test_sweep() -> None:
    rng = np.random.default_rng(1)
    rows = [
        [value, process, 0, variant, 1, round(1e6 * (1 + value * (1 - variant)) * rng.lognormal(0, 0.01))]
        for value in (1, 100)
        for process in range(4)
        for variant in range(2)
    ]
    columns = ("value", "process", "pass", "variant", "wall_ns", "cpu_ns")
    found = analyse_sweep(Sweep("orders", ("linear", "hash"), 10_000, columns, rows))
    assert [(entry.variant, entry.value) for entry in found] == [
        ("linear", 1),
        ("linear", 100),
        ("hash", 1),
        ("hash", 100),
    ]
    times = [entry.nanoseconds_per_event for entry in found]
    assert [time.value for time in times] == pytest.approx([200, 10_100, 100, 100], rel=0.03)
    assert all(time.low < time.value < time.high for time in times)


def test_limits_are_rates() -> None:
    samples = (9_000_000, 10_000_000, 11_000_000) * 4
    found = limits(
        MeasuredLimits(
            SequentialRead(bytes=56_000_000, events=1_000_000, samples_ns=samples),
            RandomAccess(orders=500, table_bytes=4000, accesses=2_000_000, samples_ns=samples),
        )
    )
    assert [(entry.name, entry.events_per_second.value) for entry in found] == [
        ("sequential read", 1e8),
        ("random access", 2e8),
    ]
    assert found[0].events_per_second.low == pytest.approx(1e9 / 11)
    assert "56,000,000 bytes" in found[0].text
    assert "500 orders" in found[1].text
