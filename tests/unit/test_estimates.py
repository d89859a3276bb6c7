"""From samples to ratios, verdicts and the ladder, on sessions whose truth is known; the plan's predictions."""

from __future__ import annotations

import numpy as np
import pytest

from variants import REFERENCE, discover
from workbench import estimates as module
from workbench.estimates import BLOCK, Estimate, Estimates, verdict
from workbench.ladder import climb
from workbench.measure import CONTROL, Design, Session
from workbench.plan import predictions

NAMES = [REFERENCE, "p3_indexed_features", "p4_hash_lookup"]
SLICES = 4 * BLOCK + 1
EVENTS = 1000


def session(times: np.ndarray, names: list[str] | None = None, *, wall: int = 2) -> Session:
    """A session of these CPU times, shape (process, pass, slice, variant); wall times are ``wall`` times longer."""
    made = Session(names or [*NAMES, CONTROL], Design(processes=len(times), seconds=1.0))
    rng = np.random.default_rng(5)
    for place in np.ndindex(times.shape[:3]):
        for order, variant in enumerate(rng.permutation(times.shape[3])):
            spent = round(float(times[(*place, variant)]))
            made.samples.append([*place, int(variant), order, wall * spent, spent, 0, 0])
    return made


def proportional(*factors: float, processes: int = 3, passes: int = 2) -> np.ndarray:
    """Every slice differs, in the same proportion for all variants; the last slice is short."""
    rng = np.random.default_rng(1)
    base = rng.integers(1000, 3000, (processes, passes, SLICES, 1)).astype(float)
    base[:, :, -1] /= 7
    return np.round(base) * np.array(factors)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESAMPLES", 200)


@pytest.mark.usefixtures("few")
def test_exact_ratios() -> None:
    found = Estimates(session(proportional(120, 4, 3, 120)), EVENTS)
    for name, factor in (("p3_indexed_features", 30), ("p4_hash_lookup", 40)):
        ratio = found.speedup(name, REFERENCE)
        assert ratio.value == pytest.approx(factor, rel=1e-12)
        assert ratio.low == pytest.approx(factor, rel=1e-12)
        assert ratio.high == pytest.approx(factor, rel=1e-12)
    assert found.speedup(REFERENCE, "p4_hash_lookup").value == pytest.approx(1 / 40)
    assert found.speedup(CONTROL, REFERENCE) == Estimate(1.0, 1.0, 1.0)
    assert found.noise_floor(REFERENCE) == 0


@pytest.mark.usefixtures("few")
def test_throughput_is_the_mean_over_blocks_of_the_median_slice() -> None:
    times = np.full((1, 1, SLICES, 4), 100.0)
    times[0, 0, :BLOCK, 1] = 300
    times[0, 0, 3, 1] = 1e9  # one disturbed slice changes no median
    times[0, 0, -1] = 1e9  # the short last slice is left out
    made = session(times)
    found = Estimates(made, EVENTS)
    assert found.events_per_second(REFERENCE) == Estimate(EVENTS * 1e9 / 100, EVENTS * 1e9 / 100, EVENTS * 1e9 / 100)
    one = found.events_per_second("p3_indexed_features")
    assert one.value == EVENTS * 1e9 / 150
    assert EVENTS * 1e9 / 300 <= one.low <= one.value <= one.high <= EVENTS * 1e9 / 100
    wall = Estimates(made, EVENTS, clock="wall_ns")
    assert wall.events_per_second(REFERENCE).value == EVENTS * 1e9 / 200


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("slices", [1, 2, 5, BLOCK, BLOCK + 2])
def test_short_feeds(slices: int) -> None:
    times = np.full((2, 1, slices, 4), 100.0)
    times[:, :, :, 2] = 50
    found = Estimates(session(times), EVENTS)
    assert found.speedup("p4_hash_lookup", REFERENCE) == Estimate(2.0, 2.0, 2.0)


@pytest.mark.usefixtures("few")
def test_processes_with_different_numbers_of_passes() -> None:
    """Each process weighs the same, however many passes it managed."""
    made = session(np.full((2, 1, SLICES, 4), 100.0))
    more = np.full((1, 3, SLICES, 4), 300.0)
    made.samples = [sample for sample in made.samples if sample[0] == 0]
    made.samples += [[1, *sample[1:]] for sample in session(more).samples]
    assert Estimates(made, EVENTS).events_per_second(REFERENCE).value == EVENTS * 1e9 / 200


@pytest.mark.usefixtures("few")
def test_the_same_samples_give_the_same_intervals() -> None:
    rng = np.random.default_rng(2)
    made = session(rng.lognormal(8, 0.2, (2, 2, SLICES, 4)))
    one, other = Estimates(made, EVENTS), Estimates(made, EVENTS)
    assert one.speedup("p4_hash_lookup", REFERENCE) == other.speedup("p4_hash_lookup", REFERENCE)
    assert one.noise_floor(REFERENCE) == other.noise_floor(REFERENCE)


def test_a_session_without_samples() -> None:
    with pytest.raises(ValueError, match="no pass was completed"):
        Estimates(Session([REFERENCE, CONTROL], Design(1, 1.0)), EVENTS)


@pytest.mark.usefixtures("few")
def test_intervals_of_noisy_sessions_contain_the_truth() -> None:
    """A process has a speed of its own (its memory layout), slices have noise: the truth is inside nearly always."""
    rng = np.random.default_rng(3)
    ratios, controls, widths = 0, 0, []
    count = 200
    for _ in range(count):
        process = rng.lognormal(0, 0.05, (3, 1, 1, 1))
        noise = rng.lognormal(0, 0.03, (3, 1, SLICES, 3)) * rng.lognormal(0, 0.3, (3, 1, SLICES, 1))
        times = 200_000 * process * noise * np.array([1, 1 / 1.5, 1])
        found = Estimates(session(times, [REFERENCE, "fast", CONTROL]), EVENTS)
        ratio, control = found.speedup("fast", REFERENCE), found.speedup(CONTROL, REFERENCE)
        ratios += ratio.low <= 1.5 <= ratio.high
        controls += control.low <= 1 <= control.high
        widths.append(control.high - control.low)
        assert verdict(ratio, found.noise_floor(REFERENCE)) == "faster"
    assert 0.85 <= ratios / count <= 1
    assert 0.85 <= controls / count <= 1
    # Not by intervals that are wide without need: one slice's noise is 3 %.
    assert np.median(widths) < 0.05


@pytest.mark.parametrize(
    ("interval", "floor", "word"),
    [
        ((1.1, 1.3), 0.0, "faster"),
        ((1.1, 1.3), 0.05, "faster"),
        ((1.1, 1.3), 0.2, "no difference shown"),
        ((1.0, 1.3), 0.0, "no difference shown"),
        ((0.9, 1.1), 0.0, "no difference shown"),
        ((0.7, 0.9), 0.0, "slower"),
        ((0.7, 0.9), 0.2, "no difference shown"),
        ((0.7, 1.0), 0.0, "no difference shown"),
    ],
)
def test_verdicts(interval: tuple[float, float], floor: float, word: str) -> None:
    assert verdict(Estimate(sum(interval) / 2, *interval), floor) == word


@pytest.mark.usefixtures("few")
def test_the_noise_floor_is_the_control_intervals_far_end() -> None:
    rng = np.random.default_rng(4)
    times = proportional(4, 2, 2, 4) * rng.lognormal(0, 0.05, (3, 2, SLICES, 4))
    found = Estimates(session(times), EVENTS)
    control = found.speedup(CONTROL, REFERENCE)
    assert found.noise_floor(REFERENCE) == max(1 - control.low, control.high - 1) > 0


@pytest.mark.usefixtures("few")
def test_climb() -> None:
    known = discover()
    own = known["p4_hash_lookup"].derive("mine")
    names = [REFERENCE, "p2_snapshot", "p3_indexed_features", "p4_hash_lookup", ""]
    found = Estimates(session(proportional(120, 60, 40, 40, 80, 120), [*names, CONTROL]), EVENTS)
    # Whatever order they were asked for in, they are climbed from the bottom.
    asked = [own, *(known[name] for name in reversed(names[:-1]))]
    rungs = climb(asked, found)
    assert [rung.variant for rung in rungs] == names
    assert [rung.phase for rung in rungs] == [0, 2, 3, 4, None]
    assert [rung.base for rung in rungs] == [None, REFERENCE, "p2_snapshot", "p3_indexed_features", "p4_hash_lookup"]
    assert [rung.step and round(rung.step.value, 9) for rung in rungs] == [None, 2, 1.5, 1, 0.5]
    assert [rung.total and round(rung.total.value, 9) for rung in rungs] == [None, 2, 3, 3, 1.5]
    assert [rung.step_verdict for rung in rungs] == [None, "faster", "faster", "no difference shown", "slower"]
    assert [rung.total_verdict for rung in rungs] == [None, "faster", "faster", "faster", "faster"]
    # p2's step here is from phase 0: what was promised for the step from phase 1 does not stand beside it.
    assert [rung.prediction and rung.prediction.phase for rung in rungs] == [None, None, 3, 4, None]
    told = rungs[2].as_json()
    assert told["step"] == {"value": pytest.approx(1.5), "low": pytest.approx(1.5), "high": pytest.approx(1.5)}
    assert told["prediction"]["low"] == told["prediction"]["high"] == 1.2


def test_every_phase_has_its_promise() -> None:
    found = predictions()
    phases = [variant.phase for variant in discover().values() if variant.phase]
    assert list(found) == phases == [1, 2, 3, 4]
    for phase, promise in found.items():
        assert promise.phase == phase
        assert 1 < promise.low <= promise.high
        assert promise.bottleneck
        assert promise.source
        assert promise.date.count("-") == 2
    assert (found[1].low, found[1].high) == (2.3, 2.9)
