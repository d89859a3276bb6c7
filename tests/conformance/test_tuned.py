"""Parameters change the speed of a replay, never its results: extreme and random values, against the oracle."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from lobench.engine.feeds import load, open_feed
from lobench.engine.parameters import NEVER
from lobench.engine.records import BATCH
from lobench.engine.replay import Replay
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, LEAST_GAP, RANGES, Parameters
from tests.conftest import examples
from tests.support.replays import PHASE, Expected, Observed, Records, assert_same, group
from tests.support.streams import Market, nonsense

P8 = PHASE[8]
DATA = os.environ.get("LOBENCH_REAL_DATA")
pytestmark = group(P8)

LOADS = ((12, 8), (DEFAULTS.fullest, DEFAULTS.after), (56, 52))
EXTREMES = [
    Parameters.of(
        {
            "distance": distance,
            "least_lines": least_lines,
            "fullest": fullest,
            "after": after,
            "ahead_bytes": ahead_bytes,
            "widest": widest,
            "per_level": per_level,
            "grouped": grouped,
        }
    )
    for distance, least_lines, (fullest, after), ahead_bytes, (widest, per_level, grouped) in itertools.product(
        (1, 32), (16, 1 << 12), LOADS, (0, NEVER), ((64, 1, 0), (1 << 20, 1 << 10, NEVER))
    )
]


@st.composite
def parameters(draw: Any) -> Parameters:
    """Any parameters there may be, with tables that a test has room for."""
    values = {
        name: 1 << draw(st.integers(low.bit_length() - 1, high.bit_length() - 1))
        if powers
        else draw(st.integers(low, min(high, 1 << 12) if name == "least_lines" else high))
        for name, (low, high, powers) in RANGES.items()
    }
    values["ahead_bytes"] = draw(st.sampled_from((0, 1 << 16, NEVER)))
    values["grouped"] = draw(st.sampled_from((0, 3, NEVER)))
    values["after"] = min(values["after"], values["fullest"] - LEAST_GAP)
    return Parameters.of(values)


@pytest.fixture(scope="module")
def market() -> tuple[Records, Expected]:
    records = Market(7).records(2 * BATCH + 500)
    return records, Expected(records)


@pytest.mark.parametrize("chosen", EXTREMES, ids=lambda chosen: "-".join(map(str, chosen.as_json().values())))
def test_extremes(market: tuple[Records, Expected], chosen: Parameters) -> None:
    records, expected = market
    assert_same(Observed(P8.fitted(chosen), records, rows=False), expected)
    assert_same(Observed(P8.fitted(chosen), records, rows=False, workers=2), expected)


@given(records=nonsense(), chosen=parameters())
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nonsense(records: Records, chosen: Parameters) -> None:
    note(str(chosen))
    assert_same(Observed(P8.fitted(chosen), records), Expected(records))


@given(records=nonsense(40), chosen=parameters())
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nonsense_repeated_across_batch_boundaries(records: Records, chosen: Parameters) -> None:
    long = np.tile(records, BATCH // len(records) + 2)
    note(str(chosen))
    assert_same(Observed(P8.fitted(chosen), long), Expected(long))


@pytest.mark.parametrize("name", [pytest.param("full-market", marks=pytest.mark.long), "deep-book", "auction-open"])
@given(chosen=parameters())
@settings(max_examples=examples(8), deadline=None)
def test_end_states_of_larger_feeds(name: str, chosen: Parameters) -> None:
    """Tables grow and windows move many times."""
    feed = load(open_feed([f"synth:{name},n=60k,seed=5,anomalies=0.005"]))
    states = []
    for variant in (PHASE[4], P8.fitted(chosen)):
        with Replay(variant, observe=False) as replay:
            replay.apply(feed.slice(0, feed.count))
            states.append(replay.end_state())
    assert states[0] == states[1]


@pytest.mark.skipif(not DATA, reason="LOBENCH_REAL_DATA does not name the folder of real data")
@pytest.mark.parametrize("chosen", EXTREMES[::5], ids=lambda chosen: "-".join(map(str, chosen.as_json().values())))
def test_a_day_of_a_future(chosen: Parameters) -> None:
    path = Path(DATA or ".") / "glbx_es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    feed = load(open_feed([str(path)]))
    found = []
    for variant in (PHASE[4], P8.fitted(chosen)):
        with Replay(variant, workers=2) as replay:
            replay.apply(feed.slice(0, feed.count))
            found.append(replay.finish())
    assert found[0].digests == found[1].digests
    assert found[0].anomalies == found[1].anomalies
    assert np.array_equal(found[0].samples, found[1].samples)
