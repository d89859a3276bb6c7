"""Ratios, intervals and verdicts from samples whose truth is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lobench.workbench.commits.findings import Finding, changed
from lobench.workbench.commits.session import COLUMNS, Design, Session, slices
from lobench.workbench.commits.sources import Source
from lobench.workbench.commits.statistics import LEAST_FLOOR, Estimates, Ratio, paired_ratio, precise, verdict


def source(name: str) -> Source:
    return Source(name, None, name, Path(name), Path(name), "python")


def simulated(
    factors: list[float], *, rounds: int = 6, noise: float = 0.01, bias: float = 0.003, seed: int = 0
) -> Session:
    """A session of sources that take these factors of the first one's time; ``bias`` is a process's own, by round."""
    rng = np.random.default_rng(seed)
    session = Session([source(f"s{place}") for place in range(len(factors))], [["feed"]], ["v"], Design())
    session.events = [200_000]
    session.rounds = rounds
    everybody = [*factors, factors[0]]
    parts = slices(session, 0)
    for number in range(rounds):
        own = np.exp(rng.normal(0, bias, len(everybody)))
        for pass_ in range(10):
            for index, (_, lead, stop) in enumerate(parts):
                work = (stop - lead) * 100 * (1 + index)
                for place, factor in enumerate(everybody):
                    time = int(work * factor * own[place] * np.exp(rng.normal(0, noise)))
                    session.samples.append([number, 0, 0, pass_, index, place, 0, time, time, 0])
    assert len(session.samples[0]) == len(COLUMNS)
    return session


def test_slices_cover_the_feed_once() -> None:
    session = simulated([1.0])
    parts = slices(session, 0)
    assert parts[0][0] == 0
    assert parts[-1][2] == 200_000
    assert all(before[2] == after[0] for before, after in pairwise(parts))
    assert all(start < lead < stop for start, lead, stop in parts)


def test_a_ratio_is_found_within_its_interval() -> None:
    estimates = Estimates(simulated([1.0, 1.03]))
    ratio = estimates.against(0, 0, 1)
    assert ratio.low < 1.03 < ratio.high
    assert ratio.half_width < 0.01
    assert verdict(ratio, estimates.floor(0, 0)) == "slower"
    assert verdict(Estimates(simulated([1.0, 0.95])).against(0, 0, 1), 0.01) == "faster"


def test_intervals_hold_what_they_promise() -> None:
    """Two equal sources: 95 % intervals leave out 1 in about 5 % of sessions, verdicts in far fewer."""
    outside = claimed = 0
    trials = 300
    for seed in range(trials):
        estimates = Estimates(simulated([1.0, 1.0], rounds=4, seed=seed))
        ratio = estimates.against(0, 0, 1)
        outside += not ratio.low <= 1 <= ratio.high
        claimed += verdict(ratio, estimates.floor(0, 0)) != "no difference shown"
    # 300 trials at 5 %: 15 expected; 30 would be 4 standard deviations away.
    assert 3 <= outside <= 30
    assert claimed <= 4


def test_the_floor_is_never_nothing() -> None:
    session = simulated([1.0, 1.0], noise=0.0, bias=0.0)
    assert Estimates(session).floor(0, 0) == LEAST_FLOOR
    assert verdict(Estimates(session).against(0, 0, 1), LEAST_FLOOR) == "no difference shown"


def test_precision_does_not_ask_for_a_verdict() -> None:
    assert precise(simulated([1.0, 1.2]), 0.02)
    assert not precise(simulated([1.0, 1.0], bias=0.05), 0.02)


def test_nanoseconds_per_event() -> None:
    # Slices cost 100, 200, ... ns an event; the median of six equally long ones lies between the third and fourth.
    session = simulated([1.0, 2.0], noise=0.0, bias=0.0)
    count = len(slices(session, 0))
    middle = 100 * (count + 1) / 2
    assert Estimates(session).nanoseconds(0, 0) == pytest.approx(middle, rel=0.01)
    assert Estimates(session).nanoseconds(0, 0, 1) == pytest.approx(2 * middle, rel=0.01)


def test_one_round_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least two rounds"):
        paired_ratio([np.zeros(3)])


def finding(ratio: float | None = None, before: float = 100, after: float = 100, **changes: object) -> Finding:
    measured = None if ratio is None else Ratio(ratio, ratio - 0.002, ratio + 0.002)
    exact = {"instructions": (before, after)}
    content = {"difference": None, "lacking": None, "control": None, "floor": 0.005, "exact": exact, "ratio": measured}
    return Finding(**{"feed": "f", "variant": "v", **content, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding(1.0), "no difference shown"),
        (finding(1.03), "slower"),
        (finding(0.97), "faster"),
        (finding(1.0, after=101), "more work"),
        (finding(0.97, after=101), "faster"),
        (finding(1.0, after=100.4), "no difference shown"),
        (finding(1.0, after=99), "no difference shown"),
        (finding(after=101), "more work"),
        (finding(), "no difference shown"),
        (finding(exact={}), "not timed"),
        (finding(1.0, difference="by record 1"), "results differ"),
        (finding(lacking="new"), "new"),
        (finding(lacking="gone"), "gone"),
    ],
)
def test_verdicts(found: Finding, expected: str) -> None:
    assert found.verdict == expected
    assert found.worse == (expected in ("slower", "more work", "results differ", "gone"))


def test_exact_counts_that_move() -> None:
    assert changed(100, 100.2)
    assert not changed(100, 100.05)
    assert changed(None, 1)
    assert changed(0, 1)
    assert not changed(0, 0)
