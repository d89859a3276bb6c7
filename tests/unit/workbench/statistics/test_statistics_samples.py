"""From samples to ratios, intervals and rungs, on sessions whose truth is known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from lobench.engine.errors import LobenchError
from lobench.variants import REFERENCE
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.statistics.intervals import Estimate, estimate, median_interval
from lobench.workbench.statistics.ladder import places
from lobench.workbench.statistics.samples import session_timings, slice_events
from lobench.workbench.statistics.verdicts import floor_of, holm, next_threshold, verdict
from tests.support import typed
from tests.support.noise import feed, variants
from tests.support.typed import analyse, compared

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
    events = slice_events(typed.session(made(proportional(1, 1, 1, 1))["session"]))
    assert events.tolist() == [SLICE - LEAD_IN] * (SLICES - 1) + [500 - LEAD_IN]


def test_exact_ratios_on_both_clocks() -> None:
    found = compared(made(proportional(120, 4, 3, 120))["session"])
    for name, factor in (("p3_indexed_features", 30), ("p4_hash_lookup", 40)):
        for wall in (False, True):
            ratio = found.compare(name, REFERENCE, wall=wall).ratio()
            assert [ratio.value, ratio.low, ratio.high] == pytest.approx([factor] * 3, rel=1e-12)
    assert found.floor == 0


def test_throughput_is_of_the_whole_feed() -> None:
    """Every slice counts in proportion to its events, whatever it costs."""
    weights = slice_events(typed.session(made(np.ones((1, 1, SLICES, 4)))["session"]))
    per_event = np.arange(1.0, SLICES + 1) * 10_000
    slow = np.array([1.0, 1.0, 3.0, 1.0])  # the third variant is slower in some slices only
    cost = np.where(np.arange(SLICES)[:, None] < 3, per_event[:, None] * slow, per_event[:, None])
    found = compared(made(np.tile(cost * weights[:, None], (3, 2, 1, 1)))["session"])
    whole = weights @ cost / weights.sum()
    assert found.events_per_second(REFERENCE).value == pytest.approx(1e9 / whole[0], rel=1e-9)
    ratio = found.compare("p4_hash_lookup", REFERENCE).ratio().value
    assert ratio == pytest.approx(whole[0] / whole[2], rel=1e-9)


def test_disturbances_of_a_sample_or_a_round_cancel() -> None:
    times = proportional(120, 4, 3, 120, processes=5, passes=2)
    times[0, 1, 2, 1] *= 50
    times[1, 0, 3] *= 30
    times[2, :, 4:] *= 1.4
    found = compared(made(times)["session"])
    assert found.compare("p3_indexed_features", REFERENCE).value == pytest.approx(np.log(30), abs=0.001)
    assert found.compare("p4_hash_lookup", REFERENCE).value == pytest.approx(np.log(40), abs=0.001)


def test_peculiarities_of_processes_stay_and_make_the_interval() -> None:
    """Sweeping out must not remove the differences between processes, whatever their number."""
    for processes in (2, 3, 5, 8):
        peculiar = np.random.default_rng(processes).normal(0, 0.02, (processes, 1, 1, 4))
        times = proportional(120, 4, 3, 120, processes=processes) * np.exp(peculiar)
        units = session_timings(typed.session(made(times)["session"])).units()
        logs = units[:, 0] - units[:, 1]
        expected = np.log(30) + peculiar[:, 0, 0, 0] - peculiar[:, 0, 0, 1]
        assert logs.mean() == pytest.approx(expected.mean(), abs=1e-6)
        assert logs - logs.mean() == pytest.approx(expected - expected.mean(), abs=1e-6)


def test_noise_of_rounds_is_in_the_interval() -> None:
    """With few processes, too: their common part is estimated from themselves."""
    rng = np.random.default_rng(7)
    for processes in (2, 3, 4, 8):
        spreads = []
        for _ in range(60):
            noise = np.exp(rng.standard_t(3, (processes, 1, SLICES, 4)) * 0.01)
            noisy = made(proportional(1, 1, 1, 1, processes=processes, passes=1) * noise)
            logs = session_timings(typed.session(noisy["session"])).units() @ [1, -1, 0, 0]
            spreads.append((logs.mean() ** 2 * processes, logs.var(ddof=1)))
        truth, told = np.mean(spreads, axis=0)
        assert 0.6 < told / truth < 1.7, processes


def test_a_slice_that_is_slow_in_some_processes_is_in_the_interval() -> None:
    """As when memory is found at once or only after a search: with one pass each, four processes tell no difference."""
    times = proportional(120, 4, 4, 120, processes=4, passes=1)
    times *= np.random.default_rng(2).normal(1, 0.01, times.shape)
    times[:, :, 1, 1] *= np.array([1.5, 1, 2, 1])[:, None]
    step = compared(made(times)["session"]).cpu
    logs = step.units()[:, 1] - step.units()[:, 2]
    found = estimate(logs)
    assert found.value > 0.02
    assert found.low < 0 < found.high
    # Sixty processes show it: one slice in seven costs 1.6 times as much.
    times = np.repeat(times, 15, axis=0) * np.random.default_rng(3).normal(1, 0.01, (60, 1, SLICES, 4))
    many = compared(made(times)["session"]).cpu
    assert estimate(many.units()[:, 1] - many.units()[:, 2]).low > 0


def test_a_round_that_lacks_a_variant_is_left_out() -> None:
    whole = made(proportional(120, 4, 3, 120))
    rows = whole["session"]["samples"]["rows"]
    whole["session"]["samples"]["rows"] = rows[(rows[:, 0] < 2) | (rows[:, 2] != 4) | (rows[:, 3] != 1)]
    found = session_timings(typed.session(whole["session"]))
    assert [len(process.logs) for process in found.processes] == [21, 21, 18]
    assert compared(whole["session"]).compare("p3_indexed_features", REFERENCE).value == pytest.approx(np.log(30))


def test_a_session_without_samples() -> None:
    with pytest.raises(LobenchError, match="no pass over the feed was completed"):
        compared(made(np.zeros((0, 1, SLICES, 4)))["session"])


def test_an_interval_is_students_over_processes() -> None:
    logs = np.array([0.1, 0.2, 0.15, 0.3])
    found = estimate(logs)
    half = stats.t.ppf(0.975, 3) * logs.std(ddof=1) / 2
    assert found.low == pytest.approx(logs.mean() - half)
    assert found.high == pytest.approx(logs.mean() + half)
    assert found.ratio(2.0).value == pytest.approx(2 * np.exp(logs.mean()))
    assert (found.p < 0.05) == (found.low > 0)
    with pytest.raises(LobenchError, match="more processes"):
        estimate(logs[:1])


def test_the_interval_of_a_median_is_made_of_samples() -> None:
    samples = np.arange(100.0)
    found = median_interval(samples)
    assert found.value == 49.5
    assert 35 < found.low < 45 < 55 < found.high < 65
    assert median_interval(np.array([3.0, 1.0, 2.0])) == Interval(2.0, 1.0, 3.0)


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
    assert verdict(Interval(sum(interval) / 2, *interval), p, floor) == word


def test_the_floor_is_the_references_distance_from_itself() -> None:
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
    assert rungs[1]["step_wall"] == pytest.approx(rungs[1]["step"])
    # p2's step here is from phase 0, so the prediction for the step from phase 1 does not apply.
    assert [rung["prediction"] and rung["prediction"]["phase"] for rung in rungs] == [None, None, 3, 4, None]
    assert [rung["score"] for rung in rungs] == [None, None, "over", "open", None]


def test_figures_of_wrong_variants_are_left_out() -> None:
    document = made(proportional(120, 4, 3, 120))
    document["session"]["disagreeing"] = ["p3_indexed_features"]
    rungs = analyse(document, variants(NAMES[:-1]))["ladder"]
    assert [(rung["variant"], rung["base"]) for rung in rungs] == [(REFERENCE, None), ("p4_hash_lookup", REFERENCE)]
    document["verification"] = [
        {"name": "p4_hash_lookup", "workers": 1, "agrees": False, "digests": None, "difference": None}
    ]
    assert len(analyse(document, variants(NAMES[:-1]))["ladder"]) == 1


def test_a_single_process_carries_no_verdict() -> None:
    noise = np.random.default_rng(1).lognormal(0, 0.01, (1, 3, SLICES, 4))
    said = analyse(made(proportional(120, 4, 3, 120, processes=1) * noise), variants(NAMES[:-1]))
    step = said["ladder"][1]
    assert step["step"]["low"] < 30 < step["step"]["high"]
    assert (step["step_p"], step["step_p_holm"], step["step_verdict"]) == (None, None, "no difference shown")
    assert "single process" in said["method"]


def test_contaminated_samples_are_counted_and_kept() -> None:
    document = made(proportional(120, 4, 3, 120))
    rows = document["session"]["samples"]["rows"]
    rows[:5, 7], rows[3:9, 10], rows[:9, 11] = 2, 1, 1
    rows[:, 5] = rows[:, 6]
    told = analyse(document, variants(NAMES[:-1]))["noise"]["contaminated"]
    assert (told["samples"], told["of"]) == (9, len(rows))
    assert told["kinds"]["involuntary switch"] == 5
    assert told["kinds"]["stolen time"] == 6
