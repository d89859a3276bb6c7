"""Real days of a future: all combinations of policies, on any number of threads, agree with the oracle."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.policy import Variant
from lobench.engine.result import Digests, Result
from tests.support.made_once import made_once
from tests.support.replays import LADDER, TOP, Expected, Observed, assert_equal, assert_same, combined_with, each

DATA = os.environ.get("LOBENCH_REAL_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="LOBENCH_REAL_DATA does not name the folder of real data")

ESH4 = "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
OPENING = "esh4-glbx-mdp3-20231224.mbo.dbn.zst"
ESM4 = "orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst"


@dataclass(frozen=True)
class Known:
    """The oracle's results; ``samples`` is BLAKE2b, 64 bits, of all samples."""

    events: int
    evaluations: int
    digests: Digests
    samples: str


KNOWN = {
    (ESH4, "last"): Known(
        events=68_792,
        evaluations=47_022,
        samples="7a2246417de8acf4",
        digests=Digests(books=0xCD138289500EE35D, features=0x9CECBB547CD3819A, strategies=0xD70FC5AC1BD94D19),
    ),
    (ESM4, "last"): Known(
        events=13_796,
        evaluations=184,
        samples="e83e991fb856a997",
        digests=Digests(books=0x39EE9F9B44A7717E, features=0x5DCDD0F1078FCA14, strategies=0x5B8CAF989CAAE28B),
    ),
    (ESM4, "every"): Known(
        events=13_796,
        evaluations=13_796,
        samples="5c91e2c589274684",
        digests=Digests(books=0x39EE9F9B44A7717E, features=0xADBC153B25ABFAFF, strategies=0x64CE5D7C4ED5D5C6),
    ),
}


@cache
def feed(name: str) -> LoadedFeed:
    return load(open_feed([str(Path(DATA or ".") / "glbx_es" / name)]))


@cache
def expected(name: str, evaluate: str) -> Expected:
    return made_once(f"real {name} {evaluate}", lambda: Expected(feed(name).records, evaluate))


def known(result: Result) -> Known:
    assert result.digests is not None
    samples = hashlib.blake2b(result.samples.tobytes(), digest_size=8).hexdigest()
    return Known(result.events, result.evaluations, result.digests, samples)


def check(result: Result, name: str, evaluate: str = "last") -> None:
    """The known values; where they are missed, the oracle is run to tell where."""
    assert result.anomalies == dict.fromkeys(ANOMALIES, 0)
    if known(result) != KNOWN[name, evaluate]:
        assert_equal(result, expected(name, evaluate).result)
    assert known(result) == KNOWN[name, evaluate]


@pytest.mark.parametrize(("name", "evaluate"), KNOWN)
def test_oracle(name: str, evaluate: str) -> None:
    assert known(expected(name, evaluate).result) == KNOWN[name, evaluate]


CASES = [(workers, name) for name in (ESH4, ESM4) for workers in (1, 2)]


@pytest.mark.parametrize(("variant", "workers", "name"), combined_with(CASES))
def test_every_combination(variant: Variant, workers: int, name: str) -> None:
    check(Observed(variant, feed(name).records, workers=workers, rows=False).result, name)


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
def test_more_workers_than_instruments(variant: Variant) -> None:
    check(Observed(variant, feed(ESH4).records, workers=3, rows=False).result, ESH4)


@pytest.mark.parametrize("variant", each(LADDER))
def test_every_record_evaluated(variant: Variant) -> None:
    check(Observed(variant, feed(ESM4).records, evaluate="every", rows=False).result, ESM4, "every")


@pytest.mark.parametrize("variant", each(LADDER))
def test_levels_queues_and_features_of_an_opening(variant: Variant) -> None:
    assert_same(Observed(variant, feed(OPENING).records, evaluate="every"), expected(OPENING, "every"))


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
def test_days_and_instruments_in_one_replay(variant: Variant) -> None:
    """The opening snapshot, its day and another instrument's, one after the other: state carries over."""
    chained = load(open_feed([str(Path(DATA or ".") / "glbx_es" / name) for name in (OPENING, ESM4)])).records
    found = [Observed(variant, chained, workers=workers) for workers in (1, 2, 3)]
    for one in found:
        assert_same(one, Expected(chained))
