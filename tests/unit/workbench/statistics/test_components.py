"""Variance components of made-up nested designs, whose components are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lobench.engine.errors import LobenchError
from lobench.workbench.statistics.components import components, half_width, levels, wrong

DEVIATIONS = np.array([0.5, 0.3, 0.2, 0.4])


def nested(shape: tuple[int, ...], deviations: np.ndarray, rng: np.random.Generator, mean: float = 1.0) -> np.ndarray:
    """Values of a nested design with these standard deviations, the outermost level first."""
    values = np.full(shape, mean)
    for level, deviation in enumerate(deviations):
        own = shape[: level + 1]
        values += deviation * rng.standard_normal(own).reshape(own + (1,) * (len(shape) - level - 1))
    return values


def test_large_designs_recover_their_variances() -> None:
    found = components(nested((400, 3, 4, 5), DEVIATIONS, np.random.default_rng(1)))
    assert np.sqrt(found.variances) == pytest.approx(DEVIATIONS, rel=0.12)
    assert found.mean == pytest.approx(1.0, abs=4 * 0.5 / 20)


def test_two_levels_as_the_textbook_computes_them() -> None:
    """One-way analysis of variance by scipy gives the F of the mean squares."""
    values = nested((6, 5), np.array([1.0, 1.0]), np.random.default_rng(2))
    found = components(values)
    assert found.squares[0] / found.squares[1] == pytest.approx(stats.f_oneway(*values).statistic)
    assert found.squares[1] == pytest.approx(np.mean(values.var(axis=1, ddof=1)))
    assert found.variances[0] == pytest.approx((found.squares[0] - found.squares[1]) / 5)
    assert found.degrees.tolist() == [5, 24]


@pytest.mark.parametrize("deviations", [DEVIATIONS, np.array([0.0, 0.4, 0.0, 0.3])], ids=["all", "some"])
def test_intervals_cover_the_truth(deviations: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        found = components(nested((8, 2, 3, 2), deviations, rng))
        low, high = np.percentile(np.sqrt(found.drawn(rng, 1000)), (2.5, 97.5), axis=0)
        covered.append((low <= deviations) & (deviations <= high))
    # The interval of a level without variance ends at 0, so it covers more often.
    assert (np.mean(covered, axis=0) >= 0.92).all()
    assert (np.mean(covered, axis=0)[deviations > 0] <= 0.985).all()


def test_deviations_with_their_intervals() -> None:
    found = components(nested((30, 3, 3, 3), DEVIATIONS, np.random.default_rng(4)))
    told = found.deviations(np.random.default_rng(5))
    assert [each.value for each in told] == pytest.approx(np.sqrt(found.variances))
    assert all(each.low <= each.value <= each.high for each in told)


def test_a_level_of_one_says_nothing() -> None:
    with pytest.raises(LobenchError, match="4 x 1 x 3"):
        components(np.ones((4, 1, 3)))


@pytest.mark.parametrize("counts", [(6, 1, 3, 2), (1, 5, 4, 2), (3, 2, 2, 2), (1, 1, 8, 3)])
def test_half_widths_are_those_of_intervals_of_drawn_sessions(counts: tuple[int, ...]) -> None:
    """The interval is Student's t over groups of the first level of which there are several."""
    rng = np.random.default_rng(6)
    repeated = next(place for place, count in enumerate(counts) if count > 1)
    deviations = np.where(np.arange(4) < repeated, 0.0, DEVIATIONS)
    errors = []
    for _ in range(4000):
        groups = nested(counts, deviations, rng).reshape(counts[repeated], -1).mean(axis=1)
        errors.append(groups.var(ddof=1) / len(groups))
    expected = stats.t.ppf(0.975, counts[repeated] - 1) * np.sqrt(np.mean(errors))
    assert half_width(DEVIATIONS**2, counts) == pytest.approx(expected, rel=0.05)


def test_half_widths_of_many_variances_at_once() -> None:
    many = np.array([DEVIATIONS**2, 4 * DEVIATIONS**2])
    one, two = half_width(many, (1, 4, 2, 2))
    assert two == pytest.approx(2 * one)
    with pytest.raises(LobenchError):
        half_width(DEVIATIONS**2, (1, 1, 1, 1))


def test_error_rates_of_intervals_by_fork_and_by_process() -> None:
    """By forks, where processes differ, far too often; by processes as often as they say."""
    rng = np.random.default_rng(8)
    alike = wrong(nested((2000, 4), np.array([0.0, 1.0]), rng), 8, rng)
    assert alike == pytest.approx((0.05, 0.05), abs=0.02)
    by_process, by_fork = wrong(nested((2000, 4), np.array([2.0, 1.0]), rng), 8, rng)
    assert by_process == pytest.approx(0.05, abs=0.02)
    assert by_fork > 0.2


def test_a_pass_in_one_number() -> None:
    """Slices differ in cost, and a disturbed one changes little."""
    rng = np.random.default_rng(7)
    passes, slices = rng.normal(0, 0.01, 30), rng.normal(0, 0.5, 20)
    logs = 0.1 + passes[:, None] + slices + rng.normal(0, 0.001, (30, 20))
    expected = 0.1 + passes + slices.mean()
    calm = levels(logs)
    assert calm == pytest.approx(expected, abs=0.01)
    assert calm - calm.mean() == pytest.approx(passes - passes.mean(), abs=0.002)
    logs[3, 4] += 5.0
    assert levels(logs) == pytest.approx(calm, abs=0.002)
