"""From samples to blocks, ratios, intervals and rungs, on sessions whose truth is known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.errors import LobenchError
from tests.noise import feed, variants
from variants import REFERENCE
from workbench.measurement.design import CONTROL
from workbench.statistics import analyse, compared
from workbench.statistics.intervals import Estimate, estimate, median_interval
from workbench.statistics.ladder import places
from workbench.statistics.samples import BLOCK_SAMPLES, session_timings, slice_events
from workbench.statistics.verdicts import floor_of, holm, next_threshold, verdict

NAMES = [REFERENCE, "p3_indexed_features", "p4_hash_lookup", CONTROL]
SLICES, SLICE, LEAD_IN = 7, 1000, 200
EVENTS = SLICES * SLICE - 500


def made(times: np.ndarray, names: list[str] | None = None, *, wall: float = 2.0) -> dict[str, Any]:
    """A feed whose session has these CPU times, shape (process, pass, slice, variant); wall times are longer."""
    rows = np.zeros((times.size, 12), dtype=np.int64)
    rows[:, :4] = np.indices(times.shape).reshape(4, -1).T
    rows[:, 6] = np.rint(times.ravel())
    rows[:, 5] = np.rint(times.ravel() * wall)
    design = {"processes": len(times), "slice_records": SLICE, "lead_in_records": LEAD_IN, "seed": 1}
    return feed(names or NAMES, rows, EVENTS, design)


def proportional(*factors: float, processes: int = 3, passes: int = 3) -> np.ndarray:
    """Every slice and process differs, in the same proportion for all variants."""
    rng = np.random.default_rng(1)
    base = rng.integers(1000, 3000, (processes, passes, SLICES, 1)).astype(float) * 1000
    return base * np.array(factors)


def test_samples_stand_for_their_slices_without_the_lead_in() -> None:
    events = slice_events(made(proportional(1, 1, 1, 1))["session"])
    assert events.tolist() == [SLICE - LEAD_IN] * (SLICES - 1) + [500 - LEAD_IN]


def test_exact_ratios_on_both_clocks() -> None:
    found = compared(made(proportional(120, 4, 3, 120))["session"])
    for name, factor in (("p3_indexed_features", 30), ("p4_hash_lookup", 40)):
        for wall in (False, True):
            ratio = found.compare(name, REFERENCE, wall=wall).ratio()
            assert list(ratio.values()) == pytest.approx([factor] * 3, rel=1e-12)
    assert found.floor == 0


def test_throughput_is_the_mean_over_blocks_of_median_times_weighted_by_events() -> None:
    times = np.zeros((2, BLOCK_SAMPLES, SLICES, 4))
    per_event = np.arange(1.0, SLICES + 1)
    times += (per_event * slice_events(made(np.ones((1, 1, SLICES, 4)))["session"]))[None, None, :, None] * 10
    times[0, 1, 2] *= 1e6  # one disturbed sample of three moves no median
    found = compared(made(times)["session"])
    weights = slice_events(made(times)["session"])
    expected = 1e9 / (10 * (per_event @ weights) / weights.sum())
    assert found.events_per_second(REFERENCE)["value"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("passes", "blocks"), [(1, 2), (2, 3), (3, 7), (9, 7)])
def test_blocks_hold_enough_samples_for_a_median(passes: int, blocks: int) -> None:
    found = session_timings(made(proportional(1, 1, 1, 1, passes=passes))["session"])
    assert [len(process.events) for process in found.processes] == [blocks] * 3


def test_the_process_with_fewest_passes_sets_the_blocks_of_all() -> None:
    """Else one process would be a mean over other blocks than the next."""
    whole = made(proportional(1, 1, 1, 1))
    rows = whole["session"]["samples"]["rows"]
    whole["session"]["samples"]["rows"] = rows[(rows[:, 0] < 2) | (rows[:, 1] == 0)]
    assert [len(process.events) for process in session_timings(whole["session"]).processes] == [2, 2, 2]


def test_a_block_that_lacks_a_variant_is_left_out_for_all() -> None:
    whole = made(proportional(120, 4, 3, 120))
    rows = whole["session"]["samples"]["rows"]
    whole["session"]["samples"]["rows"] = rows[(rows[:, 0] < 2) | (rows[:, 2] != 4) | (rows[:, 3] != 1)]
    found = session_timings(whole["session"])
    assert [len(process.events) for process in found.processes] == [7, 7, 6]
    assert compared(whole["session"]).compare("p3_indexed_features", REFERENCE).value == pytest.approx(np.log(30))


def test_a_session_without_samples() -> None:
    with pytest.raises(LobenchError, match="no pass over the feed was completed"):
        compared(made(np.zeros((0, 1, SLICES, 4)))["session"])


def test_an_interval_is_students_over_processes() -> None:
    logs = np.array([0.1, 0.2, 0.15, 0.3])
    found = estimate(logs)
    half = stats.t.ppf(0.975, 3) * logs.std(ddof=1) / 2
    assert (found.low, found.high) == (pytest.approx(logs.mean() - half), pytest.approx(logs.mean() + half))
    assert found.ratio(2.0)["value"] == pytest.approx(2 * np.exp(logs.mean()))
    assert (found.p < 0.05) == (found.low > 0)
    with pytest.raises(LobenchError, match="more processes"):
        estimate(logs[:1])


def test_the_interval_of_a_median_is_made_of_samples() -> None:
    samples = np.arange(100.0)
    found = median_interval(samples)
    assert found["value"] == 49.5
    assert 35 < found["low"] < 45 < 55 < found["high"] < 65
    assert median_interval(np.array([3.0, 1.0, 2.0])) == {"value": 2.0, "low": 1.0, "high": 3.0}


@pytest.mark.parametrize(
    ("interval", "p", "floor", "word"),
    [
        ((1.1, 1.3), 0.01, 0.0, "faster"),
        ((1.1, 1.3), 0.01, 0.05, "faster"),
        ((1.1, 1.3), 0.01, 0.2, "no difference shown"),
        ((1.1, 1.3), 0.06, 0.0, "no difference shown"),
        ((0.9, 1.1), 0.01, 0.0, "no difference shown"),
        ((0.7, 0.9), 0.01, 0.0, "slower"),
        ((0.7, 0.9), 0.01, 0.2, "no difference shown"),
    ],
)
def test_verdicts(interval: tuple[float, float], p: float, floor: float, word: str) -> None:
    assert verdict({"value": sum(interval) / 2, "low": interval[0], "high": interval[1]}, p, floor) == word


def test_the_floor_is_how_far_the_reference_is_from_itself() -> None:
    for value in (np.log(1.02), -np.log(1.02)):
        assert floor_of(Estimate(value, -0.1, 0.1, 0.01, 0.5)) == pytest.approx(0.02)
    assert floor_of(Estimate(0.0, -0.1, 0.1, np.log(1.05), 1.0)) == pytest.approx(0.05)


def test_holm() -> None:
    """The example of Holm's procedure: sorted p-values times 4, 3, 2, 1, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert next_threshold([0.001, 0.2, 0.06]) == pytest.approx(0.05 / 3)


def test_places_on_the_ladder() -> None:
    phases = {"p0": 0, "p2": 2, "p4": 4, "mine": None, "other": None}
    found = places(["mine", "p4", "other", "p0", "p2"], phases)
    assert [(place.variant, place.base) for place in found] == [
        ("p0", None),
        ("p2", "p0"),
        ("p4", "p2"),
        ("mine", "p4"),
        ("other", "p4"),
    ]
    assert [place.base for place in places(["mine", "other"], phases)] == [None, "mine"]


def test_the_ladder_of_an_analysis() -> None:
    names = [REFERENCE, "p2_snapshot", "p3_indexed_features", "p4_hash_lookup", "mine", CONTROL]
    document = made(proportional(120, 60, 40, 40, 80, 120), names)
    rungs = analyse(document, variants(names[:-1]))["ladder"]
    assert [rung["variant"] for rung in rungs] == names[:-1]
    assert [rung["step"] and round(rung["step"]["value"], 9) for rung in rungs] == [None, 2, 1.5, 1, 0.5]
    assert [rung["total"] and round(rung["total"]["value"], 9) for rung in rungs] == [None, 2, 3, 3, 1.5]
    assert [rung["step_verdict"] for rung in rungs] == [None, "faster", "faster", "no difference shown", "slower"]
    assert [rung["total_verdict"] for rung in rungs] == [None, "faster", "faster", "faster", "faster"]
    assert rungs[1]["step_wall"] == rungs[1]["step"]
    # p2's step here is from phase 0: what was promised for the step from phase 1 does not stand beside it.
    assert [rung["prediction"] and rung["prediction"]["phase"] for rung in rungs] == [None, None, 3, 4, None]
    assert [rung["score"] for rung in rungs] == [None, None, "over", "under", None]


def test_figures_of_what_is_wrong_are_left_out() -> None:
    document = made(proportional(120, 4, 3, 120))
    document["session"]["disagreeing"] = ["p3_indexed_features"]
    rungs = analyse(document, variants(NAMES[:-1]))["ladder"]
    assert [(rung["variant"], rung["base"]) for rung in rungs] == [(REFERENCE, None), ("p4_hash_lookup", REFERENCE)]
    document["verification"] = [{"name": "p4_hash_lookup", "agrees": False}]
    assert len(analyse(document, variants(NAMES[:-1]))["ladder"]) == 1


def test_a_single_process_carries_no_verdict() -> None:
    noise = np.random.default_rng(1).lognormal(0, 0.01, (1, 3, SLICES, 4))
    said = analyse(made(proportional(120, 4, 3, 120, processes=1) * noise), variants(NAMES[:-1]))
    step = said["ladder"][1]
    assert step["step"]["low"] < 30 < step["step"]["high"]
    assert (step["step_p"], step["step_p_holm"], step["step_verdict"]) == (None, None, "no difference shown")
    assert "single process" in said["method"]


def test_a_single_process_with_a_single_block_is_cut_into_its_samples() -> None:
    times = np.full((1, 2, 1, 4), 1e6)
    times[0, 1, 0, 1] = 2e6
    document = made(times)
    document["session"]["events"] = 900
    (process,) = session_timings(document["session"]).processes
    assert process.nanoseconds[:, 1].tolist() == [1e6 / 700, 2e6 / 700]


def test_contaminated_samples_are_counted_and_kept() -> None:
    document = made(proportional(120, 4, 3, 120))
    rows = document["session"]["samples"]["rows"]
    rows[:5, 7], rows[3:9, 10], rows[:9, 11] = 2, 1, 1
    rows[:, 5] = rows[:, 6]
    told = analyse(document, variants(NAMES[:-1]))["noise"]["contaminated"]
    assert (told["samples"], told["of"]) == (9, len(rows))
    assert told["kinds"]["involuntary switch"] == 5
    assert told["kinds"]["stolen time"] == 6
