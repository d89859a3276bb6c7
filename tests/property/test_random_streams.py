"""On any stream, every variant of the ladder agrees with the oracle to the last bit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.policy import Variant
from lobench.engine.records import BATCH
from tests.conftest import examples
from tests.support.made_once import made_once
from tests.support.replays import LADDER, PHASE, TOP, Expected, Observed, Records, assert_same, each, table
from tests.support.streams import Market, nonsense

PROVEN = [LADDER[0], PHASE[6], TOP] if TOP is not PHASE[6] else [LADDER[0], TOP]
"""Every policy of the reference, and those at the top; the others meet the lively market."""
SEEDS = (1, 2)
RECORDS = 2 * BATCH + 3_000


@cache
def market(seed: int) -> Records:
    return Market(seed).records(RECORDS)


@cache
def expected_of_market(seed: int, evaluate: str) -> Expected:
    return made_once(f"market {seed} {evaluate}", lambda: Expected(market(seed), evaluate))


@pytest.mark.parametrize("variant", each(PROVEN))
@given(records=nonsense())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nonsense(variant: Variant, records: Records) -> None:
    for evaluate in ("last", "every"):
        expected = Expected(records, evaluate)
        found = Observed(variant, records, evaluate=evaluate)
        note(f"evaluate {evaluate}\n{table(records)}")
        assert_same(found, expected)


@pytest.mark.parametrize("variant", each(PROVEN))
@given(records=nonsense(40))
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nonsense_repeated_across_batch_boundaries(variant: Variant, records: Records) -> None:
    """The same few records again and again: books fill up, samples are taken, tables grow and shrink."""
    long = np.tile(records, BATCH // len(records) + 2)
    note(table(records))
    assert_same(Observed(variant, long, workers=2), Expected(long))


@pytest.mark.parametrize("variant", each(LADDER))
@pytest.mark.parametrize("evaluate", ["last", "every"])
@pytest.mark.parametrize("seed", SEEDS)
def test_lively_market(variant: Variant, evaluate: str, seed: int) -> None:
    expected = expected_of_market(seed, evaluate)
    assert expected.result.samples.shape == (2, 3)
    assert_same(Observed(variant, market(seed), evaluate=evaluate), expected)


@pytest.mark.parametrize("variant", each(PROVEN))
@pytest.mark.parametrize("chunk", [1, 1_000, BATCH, BATCH + 1])
def test_chunks_do_not_matter(variant: Variant, chunk: int) -> None:
    records = market(1)[: BATCH + 100] if chunk == 1 else market(1)
    expected = Expected(records) if chunk == 1 else expected_of_market(1, "last")
    assert_same(Observed(variant, records, chunk=chunk, rows=False), expected)


def test_the_lively_market_meets_every_rule() -> None:
    """Else the tests above would prove less than they seem to."""
    result = expected_of_market(1, "every").result
    assert len(result.books) == 10
    assert set(result.anomalies) == set(ANOMALIES)
    assert all(result.anomalies.values()), result.anomalies
    assert result.evaluations == RECORDS
    assert min(book.orders for book in result.books) > 0
    assert any(strategy.trades for book in result.books for strategy in book.strategies)
