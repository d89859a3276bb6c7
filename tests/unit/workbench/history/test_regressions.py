"""Change points and the list of regressions, on histories whose steps are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.history import acknowledged, changepoints
from lobench.workbench.history.acknowledged import Acknowledgement
from lobench.workbench.history.changepoints import asv_steps, otava_steps
from lobench.workbench.history.regressions import regressions
from lobench.workbench.history.series import all_series
from lobench.workbench.history.store import History

otava = pytest.mark.skipif(changepoints.otava_missing() is not None, reason=f"{changepoints.otava_missing()}")


def levels(count: int, steps: dict[int, float], noise: float = 0.003, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    factors = np.cumprod([steps.get(place, 1.0) for place in range(count)])
    return [float(100 * factor * np.exp(rng.normal(0, noise))) for factor in factors]


def history(
    times: list[float], instructions: Sequence[float | None], timing: dict[int, str] | None = None, counters: int = -1
) -> tuple[History, list[str]]:
    """A recorded history; ``timing`` are paired verdicts by place, a counter rises from place ``counters`` on."""
    made = History(Path("none"), "here")
    order = [f"{place:040x}" for place in range(len(times))]
    for place, commit in enumerate(order):
        exact = {"probes": 2.0 if 0 <= counters <= place else 1.0}
        if instructions[place] is not None:
            exact["instructions"] = float(instructions[place] or 0)
        point = {"ns": times[place], "low": times[place] * 0.996, "high": times[place] * 1.004}
        found: dict[str, Any] = {"feed": "f", "variant": "v", "ratio": {"value": 1.0, "low": 0.99, "high": 1.01}}
        found["timing"] = (timing or {}).get(place, "no difference shown")
        against = {"commit": order[place - 1], "same_code": False, "findings": [found]} if place else None
        made.points[commit] = {
            "feeds": {"f": {"v": {**point, "exact": exact, "floor": 0.006}}},
            "against": against,
            "subject": f"commit {place}",
        }
    return made, order


def places(made: History, order: list[str], *known: Acknowledgement) -> list[tuple[int, tuple[str, ...], bool]]:
    found = regressions(made, all_series(made, order), known)
    return [(order.index(one.commit), one.found_by, one.counts) for one in found]


@pytest.mark.parametrize("seed", range(5))
def test_asv_finds_steps_where_they_are(seed: int) -> None:
    values = levels(30, {10: 1.03, 20: 1.1}, seed=seed)
    steps = asv_steps(values, [1.0] * 30, 0.015)
    assert [step.index for step in steps] == [10, 20]
    assert steps[0].change == pytest.approx(0.03, abs=0.01)
    assert asv_steps(levels(30, {}, seed=seed), [1.0] * 30, 0.015) == []


@otava
@pytest.mark.parametrize("seed", range(5))
def test_otava_runs_with_these_packages_and_finds_the_same(seed: int) -> None:
    steps = otava_steps(levels(30, {10: 1.03, 20: 1.1}, seed=seed), 0.015)
    assert steps is not None
    assert [step.index for step in steps] == [10, 20]
    assert otava_steps(levels(30, {}, seed=seed), 0.015) == []


@otava
def test_otava_finds_steps_that_are_taken_back_and_made_again() -> None:
    values = levels(30, {7: 1.1, 15: 1 / 1.1, 22: 1.1}, noise=0.02, seed=3)
    steps = otava_steps(values, 0.015) or []
    assert [round(step.change, 1) for step in steps] == [0.1, -0.1, 0.1]
    assert all(abs(step.index - place) <= 2 for step, place in zip(steps, (7, 15, 22), strict=True))


def test_without_otava_asv_speaks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changepoints, "_otava", lambda: None)
    assert otava_steps([1.0, 2.0], 0.01) is None
    assert "pip install --no-deps apache-otava==" in (changepoints.otava_missing() or "")
    made, order = history(levels(20, {10: 1.1}), [None] * 20)
    assert places(made, order) == [(10, ("asv",), True)]


def test_instructions_say_where_and_time_joins_them() -> None:
    times = levels(30, {11: 1.05})
    made, order = history(times, [100.0] * 10 + [104.0] * 20, counters=10)
    (found,) = regressions(made, all_series(made, order))
    assert (found.commit, found.counters) == (order[10], ("probes",))
    assert found.found_by[0] == "instructions"
    assert found.size == pytest.approx(0.04)
    assert found.counts


def test_a_step_in_time_belongs_to_the_largest_rise_nearby() -> None:
    times = levels(30, {10: 1.1})
    made, order = history(times, [100.0] * 9 + [109.0] * 2 + [110.0] * 19)
    found = {order.index(one.commit): one.found_by for one in regressions(made, all_series(made, order))}
    assert "asv" in found[9]
    assert found[11] == ("instructions",)


def test_a_small_rise_of_instructions_is_found_where_time_shows_nothing() -> None:
    made, order = history(levels(30, {}, noise=0.01), [100.0] * 20 + [101.0] * 10)
    assert places(made, order) == [(20, ("instructions",), True)]


def test_more_instructions_in_less_time_are_no_regression() -> None:
    made, order = history(levels(30, {15: 0.9}), [100.0] * 15 + [105.0] * 15, timing={15: "faster"})
    assert places(made, order) == []


def test_less_work_and_tiny_moves_are_no_regressions() -> None:
    made, order = history(levels(30, {15: 0.9}), [100.0, 100.2, 100.0] * 5 + [90.0] * 15)
    assert places(made, order) == []


@otava
def test_a_step_in_time_counts_when_both_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made, order = history(levels(30, {15: 1.05}), [100.0] * 30)
    assert places(made, order) == [(15, ("asv", "otava"), True)]
    monkeypatch.setattr("lobench.workbench.history.regressions.otava_steps", lambda values, least: [])
    assert places(made, order) == [(15, ("asv",), False)]


def test_an_acknowledged_regression_stays_listed() -> None:
    made, order = history(levels(10, {}), [100.0] * 5 + [104.0] * 5)
    assert places(made, order, Acknowledgement(order[5], "a new rule")) == [(5, ("instructions",), False)]
    assert places(made, order, Acknowledgement(order[4], "another")) == [(5, ("instructions",), True)]
    assert places(made, order, Acknowledgement(order[5], "other", variant="w")) == [(5, ("instructions",), True)]
    assert Acknowledgement("1a2b3c4", "r", variant="v").covers("1a2b3c4d", "v", "any feed")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[acknowledged", "not TOML"),
        ('[[acknowledged]]\ncommit = "1234567"\n', "entry 1: needs a reason"),
        ('[[acknowledged]]\ncommit = "123456"\nreason = "r"\n', "at least 7 characters"),
        ('[[acknowledged]]\ncommit = 1234567\nreason = "r"\n', "takes the texts"),
        ('[[acknowledged]]\ncomit = "1234567"\nreason = "r"\n', "takes the texts"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "acknowledged.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=told):
        acknowledged.read(path)


def test_no_file_acknowledges_nothing(tmp_path: Path) -> None:
    assert acknowledged.read(tmp_path / "none.toml") == []


def test_time_is_the_headline_where_it_is_the_larger() -> None:
    made, order = history(levels(20, {}), [100.0] * 10 + [142.0] * 10, timing={10: "slower"})
    made.points[order[10]]["against"]["findings"][0]["ratio"] = {"value": 1 / 2.4, "low": 0.41, "high": 0.42}
    made.points[order[10]]["against"]["files"] = ["a.cpp"]
    (found,) = regressions(made, all_series(made, order))
    assert (found.of, found.files) == ("time", ("a.cpp",))
    assert found.size == pytest.approx(1.4)
    assert found.instructions == pytest.approx(0.42)


def test_a_step_that_was_taken_back_is_nothing_to_look_at() -> None:
    made, order = history(levels(20, {}), [100.0] * 5 + [104.0] * 5 + [100.0] * 10)
    (found,) = regressions(made, all_series(made, order))
    assert (found.commit, found.recovered, found.counts) == (order[5], order[10], False)
    assert found.state == f"recovered by {order[10][:8]}"
    made, order = history(levels(20, {}), [100.0] * 5 + [104.0] * 5 + [102.0] * 10)
    assert places(made, order) == [(5, ("instructions",), True)]


@otava
def test_a_step_in_time_is_taken_back_for_good() -> None:
    made, order = history(levels(40, {13: 1.1, 26: 1 / 1.1}), [100.0] * 40)
    (found,) = regressions(made, all_series(made, order))
    assert found.of == "time"
    assert found.recovered == order[26]


def test_twice_the_work_in_a_rare_action_is_found() -> None:
    made, order = history(levels(20, {}), [100.0] * 10 + [100.2] * 10)
    for place, commit in enumerate(order):
        made.points[commit]["feeds"]["f"]["v"]["exact"]["instructions of T"] = 200.0 if place < 10 else 400.0
    (found,) = regressions(made, all_series(made, order))
    assert (found.commit, found.of) == (order[10], "instructions of T")
    assert found.size == pytest.approx(1.0)
    assert found.counts
    # A commit that saves over all records is no regression.
    made.points[order[10]]["feeds"]["f"]["v"]["exact"]["instructions"] = 80.0
    assert order[10] not in {one.commit for one in regressions(made, all_series(made, order))}


def test_a_total_that_varies_between_replays_moved_when_its_ranges_are_disjoint() -> None:
    """Whether the total rises itself, or pays by its fall for what one kind of action costs more."""
    for total, spread, twice, found in (
        (101.0, [99.8, 102.0], False, False),
        (101.0, [100.8, 102.0], False, True),
        (99.5, [99.0, 100.0], True, True),
        (99.5, [99.0, 99.6], True, False),
    ):
        made, order = history(levels(20, {}), [100.0] * 10 + [total] * 10)
        for place, commit in enumerate(order):
            point = made.points[commit]["feeds"]["f"]["v"]
            point["exact"]["instructions of T"] = 400.0 if twice and place > 9 else 200.0
            point["spreads"] = {"instructions": [99.8, 100.2] if place < 10 else spread}
        assert [place for place, *_ in places(made, order)] == [10] * found, (total, spread)


def test_rare_actions_rose_when_their_ranges_are_disjoint() -> None:
    for before, found in (([150.0, 250.0], True), ([150.0, 310.0], False)):
        made, order = history(levels(20, {}), [100.0] * 20)
        for place, commit in enumerate(order):
            point = made.points[commit]["feeds"]["f"]["v"]
            point["exact"]["instructions of T"] = 400.0 if place == 10 else 200.0 + place % 2
            point["spreads"] = {"instructions of T": [330.0, 450.0] if place == 10 else before}
        assert [order.index(one.commit) for one in regressions(made, all_series(made, order))] == [10] * found
        if found:
            (one,) = regressions(made, all_series(made, order))
            assert (one.counters, one.recovered) == (("instructions of T",), order[11])


def test_a_rise_within_the_noise_is_no_headline() -> None:
    made, order = history(levels(20, {}), [100.0] * 10 + [142.0] * 10)
    made.points[order[10]]["against"]["findings"][0]["ratio"] = {"value": 1 / 1.6, "low": 0.4, "high": 1.1}
    (found,) = regressions(made, all_series(made, order))
    assert found.of == "instructions"
    assert found.size == pytest.approx(0.42)


def test_counts_of_another_recipe_say_nothing_of_the_code() -> None:
    made, order = history([100.0] * 20, [100.0] * 10 + [110.0] * 10)
    assert [place for place, *_ in places(made, order)] == [10]
    for place, commit in enumerate(order):
        made.points[commit]["feeds"]["f"]["v"]["made_with"] = "-O3" if place < 10 else "-O2"
    assert places(made, order) == []
