"""Main effects, interactions, Shapley value, leave-one-out and ladder on factorial data whose truth is known."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lobench.engine.policy import CORE_AXES as AXES
from lobench.variants import REFERENCE
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.statistics import error_rates
from lobench.workbench.statistics.attribution import ladder_weights, shapley_weights
from lobench.workbench.statistics.factorial import contrast
from tests.support.factorials import ADDITIVE, NAMES, TRUTH, factorial_feed, simulated, true_effects
from tests.support.typed import analyse

WAYS = ("ladder", "leave_one_out", "shapley")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests are not about error rates; and statsmodels collects garbage at each correction, which is slow unless
    the loaded modules are exempt."""
    monkeypatch.setattr(error_rates, "RESAMPLES", 50)
    gc.freeze()
    yield
    gc.unfreeze()


def analysed(gains: Any, seed: int = 1, **noise: float) -> dict[str, Any]:
    return analyse(*factorial_feed(np.random.default_rng(seed), processes=8, gains=gains, **noise))


def test_contrasts_are_orthogonal() -> None:
    rows = np.array(
        [contrast(4, [bit for bit in range(4) if number >> bit & 1]) for number in range(1, 16)] + [np.ones(16)]
    )
    products = rows @ rows.T
    assert np.allclose(products - np.diag(np.diag(products)), 0)


def test_shapley_values_add_up_to_the_total() -> None:
    cells = np.random.default_rng(1).normal(size=(16, 1000))
    assert np.abs((shapley_weights(4) @ cells).sum(axis=0) - (cells[-1] - cells[0])).max() < 1e-9
    assert np.abs((ladder_weights(4) @ cells).sum(axis=0) - (cells[-1] - cells[0])).max() < 1e-9
    said = analysed(TRUTH)["attribution"]
    gains = [phase["shapley"]["value"] for phase in said["phases"]]
    assert abs(np.log(gains).sum() - np.log(said["total"]["value"])) < 1e-9


def test_exact_data_give_the_true_effects() -> None:
    said = analysed(TRUTH, noise=0.0, peculiar=0.0)
    truth = true_effects(TRUTH)
    assert len(said["interactions"]["effects"]) == 15
    for effect in said["interactions"]["effects"]:
        assert effect["effect"]["value"] == pytest.approx(truth["effects"][tuple(effect["axes"])], rel=1e-5)
    assert [(phase["phase"], phase["axis"]) for phase in said["attribution"]["phases"]] == list(enumerate(AXES, 1))
    for way in WAYS:
        assert [phase[way]["value"] for phase in said["attribution"]["phases"]] == pytest.approx(truth[way], rel=1e-5)


@pytest.mark.long
def test_intervals_cover_the_truth_at_their_nominal_rate() -> None:
    truth = true_effects(TRUTH)
    effects, attributed = [], []
    for seed in range(80):
        said = analysed(TRUTH, seed)
        for effect in said["interactions"]["effects"]:
            effects.append(
                effect["effect"]["low"] <= truth["effects"][tuple(effect["axes"])] <= effect["effect"]["high"]
            )
        for place, phase in enumerate(said["attribution"]["phases"]):
            attributed += [phase[way]["low"] <= truth[way][place] <= phase[way]["high"] for way in WAYS]
    assert 0.93 <= np.mean(effects) <= 0.97
    assert 0.93 <= np.mean(attributed) <= 0.97


def test_without_interactions_the_three_attributions_agree() -> None:
    said = analysed(ADDITIVE, noise=0.0, peculiar=0.0)["attribution"]
    for phase, gain in zip(said["phases"], ADDITIVE.values(), strict=True):
        assert [phase[way]["value"] for way in WAYS] == pytest.approx([gain] * 3, rel=1e-5)
    noisy = analysed(ADDITIVE)
    assert [effect["verdict"] for effect in noisy["interactions"]["effects"]] == ["faster"] * 4 + [
        "no difference shown"
    ] * 11
    assert noisy["attribution"]["sentence"].startswith("No interaction between phases is shown")


def test_the_sentence_names_the_largest_interaction() -> None:
    said = analysed(TRUTH)
    verdicts = {tuple(effect["axes"]): effect["verdict"] for effect in said["interactions"]["effects"]}
    assert verdicts["events", "features"] == "more than the product"
    assert verdicts["context", "lookup"] == "less than the product"
    assert verdicts["context", "features"] == "no difference shown"
    sentence = said["attribution"]["sentence"]
    assert "the gain of zero_copy over clone (how records are read) with indexed is 1." in sentence
    assert "what it is with string (how features are named and kept)" in sentence


def test_only_a_complete_factorial_is_analysed() -> None:
    document, known = factorial_feed(np.random.default_rng(1), processes=3, gains=ADDITIVE)
    document["factorial"]["disagreeing"] = [document["factorial"]["measured"][5]]
    said = analyse(document, known)
    assert said["interactions"] is None
    assert said["attribution"] is None


def test_a_phase_beyond_the_factorial_is_left_out_by_a_variant_of_the_session() -> None:
    document, known = factorial_feed(np.random.default_rng(1), processes=4, gains=ADDITIVE, noise=0.0, peculiar=0.0)
    for entry in known:
        entry["policies"].update(memory="heap", cache="plain")
    top = known[-1]["policies"]
    known += [
        {"name": "p5_memory_pool", "phase": 5, "policies": {**top, "memory": "pool"}},
        {"name": "p7_cache_layout", "phase": 7, "policies": {**top, "memory": "pool", "cache": "packed"}},
        {"name": "top minus memory", "phase": None, "policies": {**top, "cache": "packed"}},
    ]
    names = [entry["name"] for entry in known]
    speeds = [1.0, 1.1, 1.32, 6.6, 8.58, 10.0, 12.0, 9.6]
    own = simulated(np.random.default_rng(2), [*names, CONTROL], [*speeds, 1.0], 4, 0.0, 0.0)
    document["session"] = own["session"]
    phases = analyse(document, known)["attribution"]["phases"]
    assert [(phase["phase"], phase["axis"]) for phase in phases[4:]] == [(5, "memory"), (7, "cache")]
    memory, cache = phases[4:]
    assert (memory["before"], memory["after"], memory["shapley"]) == ("heap", "pool", None)
    assert memory["ladder"]["value"] == pytest.approx(10 / 8.58, rel=1e-5)
    assert memory["leave_one_out"]["value"] == pytest.approx(12 / 9.6, rel=1e-5)
    # The phase below the top is the top without the last axis.
    assert cache["leave_one_out"]["value"] == pytest.approx(12 / 10, rel=1e-5)
    assert names[:5] == NAMES
    assert names[0] == REFERENCE
