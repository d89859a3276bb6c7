"""Ratios, intervals and verdicts of commits from samples whose truth is known: they are those of variants."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.workbench.commits.findings import LEAST_FLOOR, Finding, Spread, changed, findings
from lobench.workbench.commits.measuring import Measured
from lobench.workbench.commits.session import CommitSession, design_of, hold, precise
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.measurement.design import equal_slices
from lobench.workbench.measurement.lockstep import LOCKSTEP
from lobench.workbench.measurement.protocol import Pass
from lobench.workbench.measurement.session import Session
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.intervals import Interval


def source(name: str) -> Source:
    return Source(name, None, name, Path(name), Path(name), "python")


def simulated(
    factors: list[float], *, rounds: int = 6, noise: float = 0.01, bias: float = 0.003, seed: int = 0
) -> CommitSession:
    """A session of sources that take these factors of the first one's time; ``bias`` is a process's own, by round."""
    rng = np.random.default_rng(seed)
    sources = [source(f"s{place}") for place in range(len(factors))]
    session = CommitSession(sources, [["feed"]], ["v"], design_of(rounds, 1.0))
    session.events = [200_000]
    session.rounds = rounds
    everybody = [*factors, factors[0]]
    parts = session.slices(0)
    design = replace(session.design, slice_records=equal_slices(200_000, session.design.slice_records))
    measured = Session([*(one.key for one in sources), again("s0")], 200_000, design)
    assert measured.slices() == parts
    for number in range(rounds):
        own = np.exp(rng.normal(0, bias, len(everybody)))
        rows = []
        for pass_ in range(10):
            for index, part in enumerate(parts):
                work = (part.stop - part.timed) * 100 * (1 + index)
                for place, factor in enumerate(everybody):
                    time = int(work * factor * own[place] * np.exp(rng.normal(0, noise)))
                    rows.append([pass_, index, place, place, time, time, 0, 0, 0, 0, 0])
        made = Pass(
            kind=LOCKSTEP,
            samples=rows,
            end_states=("as before",) * len(everybody),
            owed_ns=(0,) * len(everybody),
            floor_ns=0.0,
            held=0,
            laid_out=(False,) * len(everybody),
        )
        measured.take(number, made)
    session.timed[0, "v"] = measured
    return session


def found(session: CommitSession) -> Finding:
    (one,) = findings(Measured(session), ["feed"], 1)
    return one


def test_slices_cover_the_feed_once() -> None:
    parts = simulated([1.0]).slices(0)
    assert parts[0].start == 0
    assert parts[-1].stop == 200_000
    assert all(before.stop == after.start for before, after in pairwise(parts))
    assert all(part.start < part.timed < part.stop for part in parts)


def test_a_ratio_above_one_is_faster() -> None:
    slower = found(simulated([1.0, 1.03]))
    assert slower.ratio is not None
    assert slower.ratio.low < 1 / 1.03 < slower.ratio.high
    assert slower.verdict == "slower"
    faster = found(simulated([1.0, 0.95]))
    assert faster.ratio is not None
    assert faster.ratio.value == pytest.approx(1 / 0.95, rel=0.01)
    assert faster.verdict == "faster"


@pytest.mark.normal
def test_verdicts_on_equal_sources_are_rare() -> None:
    """Two equal sources: 95 % intervals leave out 1 in about 5 % of sessions, verdicts in fewer, whichever way."""
    outside = claimed = 0
    trials = 200
    for seed in range(trials):
        one = found(simulated([1.0, 1.0], rounds=4, seed=seed))
        assert one.ratio is not None
        outside += not one.ratio.low <= 1 <= one.ratio.high
        claimed += one.verdict != "no difference shown"
    # 200 trials at 5 %: 10 expected; 22 would be 4 standard deviations away.
    assert 1 <= outside <= 22
    assert claimed <= 5


def test_the_floor_is_never_nothing() -> None:
    one = found(simulated([1.0, 1.0], noise=0.0, bias=0.0))
    assert (one.floor, one.verdict) == (LEAST_FLOOR, "no difference shown")


def test_precision_does_not_ask_for_a_verdict() -> None:
    assert precise(simulated([1.0, 1.2]), 0.02)
    assert not precise(simulated([1.0, 1.0], bias=0.05), 0.02)


def test_identical_sources_are_not_compared() -> None:
    session = simulated([1.0, 1.2])
    session.same[1, "v"] = 0
    one = found(session)
    assert (one.ratio, one.unchanged, one.verdict) == (None, True, "no difference shown")
    assert session.name(1, "v") == "s0"
    assert session.places("v") == [0]


def test_engines_that_are_not_timed_are_not_replayed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Source] = []

    def start(source: Source, variables: dict[str, str]) -> None:
        started.append(source)
        raise BrokenError("started")

    monkeypatch.setattr("lobench.workbench.commits.session.Participant", start)
    engines = (("v", "v.so"), ("w", "w.so"))
    sources = [replace(source("a"), engines=engines), replace(source("b"), engines=engines[:1])]
    session = CommitSession(sources, [["feed"]], ["v", "w"], design_of(0, 1.0))
    hold(session)
    assert session.lacking == {0: {}, 1: {"w": "no engine named 'w'"}}
    assert not started
    for design, some in ((design_of(3, 1.0), sources), (session.design, [source("a")])):
        with pytest.raises(BrokenError, match="started"):
            hold(replace(session, sources=some, design=design))
    assert started == [sources[0], source("a")]


def test_one_round_has_no_interval() -> None:
    session = simulated([1.0, 1.2], rounds=1)
    assert session.comparisons(0, "v") is None
    assert found(session).ratio is None


def finding(ratio: float | None = None, before: float = 100, after: float = 100, **changes: Any) -> Finding:
    measured = None if ratio is None else Interval(ratio, ratio - 0.002, ratio + 0.002)
    exact = {"instructions": (before, after)}
    content = {"difference": None, "lacking": None, "control": None, "floor": 0.005, "exact": exact, "ratio": measured}
    known: dict[str, Any] = {"feed": "f", "variant": "v", "p": 0.001, **content, **changes}
    return Finding(**known)


def actions(rare: float, whole: float = 100.1) -> dict[str, tuple[float, float]]:
    return {"instructions": (100.0, whole), "instructions of A": (90.0, 90.0), "instructions of T": (200.0, rare)}


def by_chance(rare: float, before: Spread | None, after: Spread | None) -> Finding:
    """A finding with a rare kind of action whose replays differ."""
    return finding(exact=actions(rare), spreads={"instructions of T": (before, after)})


def drawn(whole: float, before: Spread, after: Spread, rare: float = 200.0) -> Finding:
    """A finding of an engine with random keys: the total differs between replays."""
    return finding(exact=actions(rare, whole), spreads={"instructions": (before, after)})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding(1.0), "no difference shown"),
        (finding(0.97), "slower"),
        (finding(0.97, p=0.2), "no difference shown"),
        (finding(1.03), "faster"),
        (finding(1.0, after=101), "more work"),
        (finding(1.03, after=101), "faster"),
        (finding(1.0, after=100.4), "no difference shown"),
        (finding(1.0, after=99), "no difference shown"),
        (finding(after=101), "more work"),
        (finding(), "no difference shown"),
        (finding(exact={}), "not timed"),
        (finding(exact=actions(400.0)), "more work"),
        (finding(exact=actions(210.0)), "no difference shown"),
        (by_chance(400.0, (150.0, 250.0), (330.0, 450.0)), "more work"),
        (by_chance(400.0, (150.0, 310.0), (330.0, 450.0)), "no difference shown"),
        (by_chance(400.0, (150.0, 370.0), (330.0, 450.0)), "no difference shown"),
        (by_chance(400.0, (150.0, 250.0), None), "more work"),
        (by_chance(400.0, None, (210.0, 700.0)), "no difference shown"),
        # What all records together cost less pays for what one kind costs more, if it is no chance.
        (finding(exact=actions(400.0, whole=80.0)), "no difference shown"),
        (drawn(99.5, (99.0, 101.0), (99.2, 99.8), rare=400.0), "more work"),
        (drawn(99.5, (99.9, 101.0), (99.2, 99.7), rare=400.0), "no difference shown"),
        (drawn(101.5, (99.0, 101.0), (100.8, 102.2)), "no difference shown"),
        (drawn(101.9, (99.0, 101.0), (101.6, 102.2)), "more work"),
        (finding(1.0, difference="from event 1 on"), "results differ"),
        (finding(lacking="new"), "new"),
        (finding(lacking="gone"), "gone"),
        (finding(repaired=True), "repaired"),
    ],
)
def test_verdicts(found: Finding, expected: str) -> None:
    assert found.verdict == expected
    assert found.worse == (expected in ("slower", "more work", "results differ", "gone"))


def test_counts_that_vary_between_replays_need_disjoint_ranges() -> None:
    found = by_chance(400.0, (150.0, 370.0), (330.0, 450.0))
    assert (found.moved, found.actions) == ({}, {})
    found = by_chance(400.0, (150.0, 310.0), (330.0, 450.0))
    assert found.actions == {"T": 1.0}
    assert found.as_json()["spreads"] == {"instructions of T": {"before": (150.0, 310.0), "after": (330.0, 450.0)}}


def test_exact_counts_that_move() -> None:
    assert changed(100, 100.2)
    assert not changed(100, 100.05)
    assert changed(None, 1)
    assert changed(0, 1)
    assert not changed(0, 0)
