"""Tuning: the candidates for a feed, and the conditions for keeping one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.parameters import NEVER
from lobench.engine.workload import Workload
from lobench.variants.p7_cache_layout.candidates import candidates
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, Parameters
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.tuning import search
from lobench.workbench.tuning.search import Search, changed
from lobench.workbench.tuning.traits import Traits, traits_of
from lobench.workbench.tuning.trials import Halves, Trial
from tests.support.replays import PHASE

P8 = PHASE[8]
OTHER = Parameters(
    distance=6, least_lines=5000, fullest=48, after=36, ahead_bytes=NEVER, widest=512, per_level=4, grouped=0
)
TRAITS = Traits(1_000_000, {"A": 1.0}, 10, 200_000, 5_000, 20_000_000, 5, 900, 0.5, 50.0)


@given(
    st.builds(
        Traits,
        st.integers(1, 10**9),
        st.just({"A": 1.0}),
        st.integers(0, 10**6),
        st.integers(0, 10**9),
        st.integers(0, 10**9),
        st.integers(0, 10**12),
        st.integers(0, 2**63),
        st.integers(0, 2**63),
        st.floats(0, 1),
        st.floats(0, 1e6),
    )
)
def test_candidates_are_valid_for_any_feed(traits: Traits) -> None:
    for options in candidates(traits).values():
        for start in (DEFAULTS, OTHER):
            for parameters in changed(start, options):
                assert parameters != start
                assert Parameters.of(parameters.as_json()) == parameters


@given(st.integers(2, 5_000_000))
def test_halves_share_no_slice(events: int) -> None:
    halves = Halves.of(events)
    first, second = halves.records("first", events), halves.records("second", events)
    assert (first[0], second[1]) == (0, events)
    assert first[1] == second[0] == halves.split * halves.slice_records
    assert 0 < first[1] < events or events < 4
    assert abs(first[1] - events / 2) <= halves.split
    assert 0 <= halves.lead_in <= halves.slice_records // 2


@pytest.mark.normal
def test_traits_of_a_half_know_nothing_of_the_other() -> None:
    feed = load(open_feed(["synth:equity-universe,n=40000"]))
    short = LoadedFeed("short", feed.slice(0, 20_000), {})
    told: list[int] = []
    found = traits_of(feed, 0, 20_000, P8, Workload(), advance=told.append)
    alone = traits_of(short, 0, 20_000, P8, Workload(), advance=lambda count: None)
    assert replace(found, nanoseconds=0.0) == replace(alone, nanoseconds=0.0)
    assert sum(told) == 20_000
    assert sum(found.actions.values()) == pytest.approx(1)
    assert 0 < found.evaluations < 1
    assert found.nanoseconds > 0
    second = traits_of(feed, 20_000, 40_000, P8, Workload(), advance=lambda count: None)
    whole = traits_of(feed, 0, 40_000, P8, Workload(), advance=lambda count: None)
    # Observed at other moments of the same replay.
    assert second.live_orders == pytest.approx(whole.live_orders, rel=0.01)
    assert second.evaluations + found.evaluations == pytest.approx(2 * whole.evaluations)
    assert second.books == whole.books
    assert second.tick > 0


@pytest.mark.normal
def test_traits_of_one_price() -> None:
    feed = load(open_feed(["synth:liquid-future,n=1000"]))
    found = traits_of(feed, 0, 1, P8, Workload(evaluate="every"), advance=lambda count: None)
    assert (found.tick, found.span_ticks, found.evaluations) == (0, 0, 1)


class Laboratory:
    """Measures nothing: every set of parameters has a speed on each half of the feed, and processes have noise."""

    def __init__(self, first: Any, second: Any, noise: float = 0.002) -> None:
        self.speeds, self.noise = (first, second), noise
        self.asked: list[tuple[int, int]] = []
        self.stop_at = 99

    def __call__(self, trial: Trial, variant: str, *, processes: int, seed: int, advance: Any, **more: Any) -> None:
        if len(self.asked) == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append((len(trial.tried), trial.feed.count))
        assert variant == P8.name
        rng = np.random.default_rng(seed)
        size = trial.halves.slice_records
        for process in range(processes):
            for place, start in enumerate(range(0, trial.feed.count, size)):
                speed = self.speeds[start >= trial.halves.split * size]
                for index, parameters in enumerate(trial.tried):
                    cpu = int(1e7 / speed(parameters) * np.exp(self.noise * rng.normal()))
                    trial.rows.append([process, 0, place, index, 0, cpu, cpu, 0, 0, 0, 0, 0])
        advance(1.0)


def tuned(monkeypatch: pytest.MonkeyPatch, laboratory: Laboratory, half: str = "first", **more: Any) -> Search:
    monkeypatch.setattr(search, "measure", laboratory)
    tuning = Search(half)
    options = {"workload": Workload(), "seconds": 60.0, "start": None, **more}
    search.search(
        tuning,
        SharedFeed("feed", 0, 1_000_000),
        TRAITS,
        report=lambda label: None,
        advance=lambda seconds: None,
        **options,
    )
    return tuning


def narrow(parameters: Parameters) -> float:
    return (1.1 if parameters.per_level == 4 else 1.0) * (1.2 if parameters.distance == 6 else 1.0)


def same(parameters: Parameters) -> float:
    return 1.0


@pytest.mark.parametrize("half", ["first", "second"])
def test_parameters_that_both_halves_confirm_are_kept(monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    laboratory = Laboratory(narrow, narrow)
    tuning = tuned(monkeypatch, laboratory, half)
    assert tuning.complete
    assert tuning.parameters == tuning.best
    assert isinstance(tuning.best, Parameters)
    assert (tuning.best.distance, tuning.best.per_level, tuning.best.fullest) == (6, 4, DEFAULTS.fullest)
    for found in (tuning.other, tuning.whole):
        assert found is not None
        assert found.verdict == "faster"
        assert found.gain.value == pytest.approx(1.32, rel=0.02)
    *_, (sets, count) = laboratory.asked
    assert (sets, count) == (3, 1_000_000)
    if half == "first":
        assert all(count <= Halves.of(1_000_000).records("first", 1_000_000)[1] for _, count in laboratory.asked[:-1])
    assert next(entry.changes for entry in tuning.tried if entry.group == "levels") == {"per_level": 4}


@pytest.mark.parametrize("half", ["first", "second"])
def test_parameters_faster_on_the_whole_feed_are_kept(monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    speeds = (narrow, same) if half == "first" else (same, narrow)
    tuning = tuned(monkeypatch, Laboratory(*speeds, noise=0.0), half)
    assert tuning.other is not None
    assert tuning.whole is not None
    assert (tuning.other.verdict, tuning.whole.verdict) == ("no difference shown", "faster")
    assert tuning.parameters == tuning.best != DEFAULTS


def test_the_runner_up_is_kept_where_the_best_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow windows gain on the proposing half alone."""
    wide = Laboratory(narrow, lambda parameters: narrow(parameters) / (1.5 if parameters.per_level == 4 else 1.0))
    tuning = tuned(monkeypatch, wide)
    assert tuning.parameters == replace(DEFAULTS, distance=6) == tuning.best
    (refused,) = tuning.refused
    assert refused.parameters == replace(DEFAULTS, distance=6, per_level=4)
    assert refused.other.gain.value == pytest.approx(1.1 * 1.2 / 1.5, rel=0.02)
    assert wide.asked[-2:] == [(3, 1_000_000)] * 2
    assert tuning.as_json()["refused"][0]["parameters"]["per_level"] == 4


def test_nothing_is_tried_after_a_refused_runner_up(monkeypatch: pytest.MonkeyPatch) -> None:
    laboratory = Laboratory(narrow, lambda parameters: 1 / narrow(parameters))
    tuning = tuned(monkeypatch, laboratory)
    assert tuning.parameters == DEFAULTS
    assert (len(tuning.refused), tuning.complete) == (1, True)
    assert sum(count == 1_000_000 for _, count in laboratory.asked) == 2


def test_parameters_slower_on_the_other_half_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    tuning = tuned(monkeypatch, Laboratory(narrow, lambda parameters: 1 / (1 + (narrow(parameters) - 1) / 8)))
    assert tuning.other is not None
    assert tuning.whole is not None
    assert (tuning.other.verdict, tuning.whole.verdict) == ("slower", "faster")
    assert tuning.parameters == DEFAULTS


def test_the_smallest_change_among_equals_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = candidates(TRAITS)["order table"][0]["least_lines"]
    loose = Laboratory(lambda parameters: 1.0 + 0.1 * (parameters.least_lines != DEFAULTS.least_lines), same)
    assert tuned(monkeypatch, loose).best == replace(DEFAULTS, least_lines=fits)


def test_noise_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tuning = tuned(monkeypatch, Laboratory(same, same, noise=0.05))
    assert tuning.parameters == DEFAULTS
    assert tuning.complete


def test_without_a_gain_the_defaults_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    laboratory = Laboratory(same, same, noise=0.0)
    tuning = tuned(monkeypatch, laboratory)
    assert (tuning.parameters, tuning.other, tuning.complete) == (DEFAULTS, None, True)
    assert len(laboratory.asked) == len(candidates(TRAITS))


def test_earlier_parameters_are_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tuning = tuned(monkeypatch, Laboratory(narrow, narrow), start=OTHER)
    assert tuning.tried[0].group == "found before"
    assert tuning.best == OTHER


def test_an_interrupt_leaves_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    laboratory = Laboratory(narrow, narrow)
    laboratory.stop_at = 1
    monkeypatch.setattr(search, "measure", laboratory)
    tuning = Search("first")
    with pytest.raises(KeyboardInterrupt):
        search.search(
            tuning,
            SharedFeed("feed", 0, 1_000_000),
            TRAITS,
            workload=Workload(),
            seconds=60.0,
            start=None,
            report=lambda label: None,
            advance=lambda seconds: None,
        )
    assert isinstance(tuning.best, Parameters)
    assert tuning.best.distance == 6
    assert (tuning.complete, tuning.parameters) == (False, DEFAULTS)


def test_another_end_state_is_a_defect() -> None:
    from lobench.workbench.tuning.trials import _compare

    _compare([DEFAULTS, OTHER], ["a", "a"])
    with pytest.raises(LobenchError, match="a defect of the engine"):
        _compare([DEFAULTS, OTHER], ["a", "b"])
