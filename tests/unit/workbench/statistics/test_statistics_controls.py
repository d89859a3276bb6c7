"""Identical pairs of a session: each comparison has the floor of those nearest in speed, and one kernel no verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lobench.variants import REFERENCE
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.measurement.session import measured_twice
from lobench.workbench.statistics import error_rates
from lobench.workbench.statistics.controls import Control, floor_between
from lobench.workbench.statistics.intervals import Estimate
from tests.support.factorials import simulated
from tests.support.noise import variants
from tests.support.typed import analyse, compared

P7, P8 = "p7_cache_layout", "p8_profile_guided"
TWICE = f"{P7} (A/A)"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_rates, "RESAMPLES", 50)


def control(speed: float, floor: float) -> Control:
    return Control("a", "b", Estimate(0.0, 0.0, 0.0, 0.0, 1.0), floor, -np.log(speed))


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ((1.0, 1.1), 0.001),  # both near the slow control
        ((16.0, 18.0), 0.02),  # both near the fast one
        ((1.0, 18.0), 0.02),  # one near each
        ((3.0, 4.0), 0.02),  # between the two
        ((0.5, 0.6), 0.001),  # beyond the slow one
        ((30.0, 40.0), 0.02),
    ],
)
def test_the_nearest_controls_count(speeds: tuple[float, float], expected: float) -> None:
    controls = [control(1.0, 0.001), control(17.0, 0.02)]
    assert floor_between(controls, [-np.log(speed) for speed in speeds]) == expected
    assert floor_between(controls[::-1], [-np.log(speed) for speed in speeds[::-1]]) == expected
    # A third control in the middle is nearer than both; of two at one place the larger counts.
    many = [*controls, control(3.5, 0.005), control(3.6, 0.004)]
    assert floor_between(many, [-np.log(3.5), -np.log(3.6)]) == 0.005


def session(names: list[str], speeds: list[float], same_as: dict[str, str] | None = None, seed: int = 1) -> Any:
    """A feed with a session in which all fast variants are 4 % apart in every process."""
    made = simulated(np.random.default_rng(seed), names, [1e6 * speed for speed in speeds], 8, 0.002, 0.0)
    made["session"]["same_as"] = same_as or {}
    return made


def test_one_kernel_has_no_verdict_and_is_a_control() -> None:
    """Under its second name it is 4 % faster in all processes, which no interval holds."""
    names = [REFERENCE, "p6_simd", P7, P8, CONTROL]
    made = session(names, [1.0, 14.8, 15.0, 15.6, 1.0], {P8: P7})
    said = analyse(made, variants(names[:-1]))
    rungs = {rung["variant"]: rung for rung in said["ladder"]}
    rung = rungs[P8]
    assert (rung["same_as"], rung["note"]) == (P7, f"the same kernel as {P7} here")
    assert [rung[name] for name in ("step", "step_wall", "step_verdict", "step_p", "step_p_holm")] == [None] * 5
    assert (rung["total_verdict"], rung["score"]) == (None, "open")
    assert rung["total"]["value"] == pytest.approx(15.6, rel=0.01)
    assert [(entry["variant"], entry["of"]) for entry in said["noise"]["controls"]] == [(CONTROL, REFERENCE), (P8, P7)]
    floors = [entry["floor"] for entry in said["noise"]["controls"]]
    assert floors[0] < 0.01 < 0.03 < floors[1]
    # A step smaller than the difference of an identical pair is not shown; slow steps are unaffected.
    assert rungs[P7]["step_verdict"] == "no difference shown"
    assert rungs[P7]["total_verdict"] == "faster"
    # If the two were not known to be the same kernel:
    unknown = analyse(session(names, [1.0, 14.8, 15.0, 15.6, 1.0]), variants(names[:-1]))
    assert unknown["ladder"][3]["step_verdict"] == "faster"


def test_a_variant_measured_twice_is_a_control() -> None:
    names = [REFERENCE, "p6_simd", P7, TWICE, CONTROL]
    made = session(names, [1.0, 14.8, 15.0, 15.6, 1.0])
    said = analyse(made, variants([REFERENCE, "p6_simd", P7]))
    assert [rung["variant"] for rung in said["ladder"]] == [REFERENCE, "p6_simd", P7]
    assert [entry["variant"] for entry in said["noise"]["controls"]] == [CONTROL, TWICE]
    assert said["ladder"][2]["step_verdict"] == "no difference shown"
    assert compared(made["session"]).floor_for(P7, "p6_simd") > 0.03


def test_a_copy_of_the_reference() -> None:
    names = [REFERENCE, "mine", P7, CONTROL]
    said = analyse(session(names, [1.0, 1.04, 15.0, 1.0], {"mine": REFERENCE}), variants(names[:-1]))
    rung = next(rung for rung in said["ladder"] if rung["variant"] == "mine")
    assert [rung[name] for name in ("step", "step_verdict", "total", "total_verdict")] == [None] * 4


def test_a_feed_without_evaluations_gets_no_verdict() -> None:
    names = [REFERENCE, "p1_zero_copy", P7, CONTROL]
    made = {**session(names, [1.0, 2.5, 15.0, 1.0]), "evaluations": 0}
    said = analyse(made, variants(names[:-1]))
    assert {rung["step_verdict"] for rung in said["ladder"]} == {None}
    assert {rung["total_verdict"] for rung in said["ladder"]} == {None}
    assert {rung["score"] for rung in said["ladder"]} <= {None, "open"}
    assert {rung["note"] for rung in said["ladder"][1:]} == {"no verdict: nothing was evaluated"}
    assert said["ladder"][1]["step"]["value"] == pytest.approx(2.5, rel=0.01)
    # With `--until book` no books were idle.
    assert analyse(made, variants(names[:-1]), "book")["ladder"][1]["step_verdict"] == "faster"


RATES = {REFERENCE: 300.0, "p6_simd": 70.0, P7: 30.0, P8: 31.0}


@pytest.mark.parametrize(
    ("names", "same_as", "expected"),
    [
        ([REFERENCE, "p6_simd", P7], {}, P7),
        ([REFERENCE, "p6_simd", P7, P8], {P8: P7}, None),
        ([REFERENCE, "p6_simd", P7, P8], {}, P7),  # tuned: a kernel with other parameters
        ([REFERENCE, "p6_simd", "mine", P7], {"mine": "p6_simd"}, P7),  # an identical pair far below the top
        ([REFERENCE], {}, None),
        ([REFERENCE, "events=clone,lookup=hash"], {}, "events=clone,lookup=hash"),  # not calibrated
    ],
)
def test_an_identical_pair_stands_at_the_top(names: list[str], same_as: dict[str, str], expected: str | None) -> None:
    rates = {**RATES, "mine": 70.5}
    assert measured_twice(names, rates, same_as, REFERENCE) == expected
    # As fast as the reference, which is measured twice anyway.
    assert measured_twice([REFERENCE, "p1"], {REFERENCE: 300.0, "p1": 250.0}, {}, REFERENCE) is None
