"""Synthetic feeds: all combinations of policies, on any number of threads, compute what the oracle does."""

from __future__ import annotations

from functools import cache

import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.policy import Variant
from lobench.engine.synthetic import names
from lobench.engine.synthetic.every_rule import EVERY_RULE
from tests.replays import ABOVE, FACTORIAL, LADDER, TOP, Expected, Observed, assert_same, each

COUNT = 20_000
PROFILES = [name for name, _ in names() if name != EVERY_RULE.name]
FEEDS = [f"synth:{name},n={COUNT},seed=1{anomalies}" for name in PROFILES for anomalies in ("", ",anomalies=0.01")]
RULES = f"synth:{EVERY_RULE.name},n={COUNT},seed=1"
"""It has anomalies of its own; what it reaches is told by tests/unit/test_coverage.py."""


@cache
def feed(spec: str) -> LoadedFeed:
    return load(open_feed([spec]))


@cache
def expected(spec: str) -> Expected:
    return Expected(feed(spec).records)


@pytest.mark.parametrize("variant", each([*FACTORIAL, *ABOVE]))
@pytest.mark.parametrize("spec", [*FEEDS, RULES])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_combination(variant: Variant, spec: str, workers: int) -> None:
    assert_same(Observed(variant, feed(spec).records, workers=workers, rows=workers == 1), expected(spec))


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
@pytest.mark.parametrize("workers", [3, 7])
def test_many_workers(variant: Variant, workers: int) -> None:
    """An odd number of threads, more than there are cores, with rows brought back into the feed's order."""
    spec = next(spec for spec in FEEDS if "full-market" in spec and "anomalies" in spec)
    assert_same(Observed(variant, feed(spec).records, workers=workers), expected(spec))


@pytest.mark.parametrize("spec", FEEDS)
def test_what_the_feeds_prove(spec: str) -> None:
    """A feed without anomalies has none, one with them has every kind, and all have what variants differ in."""
    result = expected(spec).result
    assert result.events == COUNT
    if "anomalies" in spec:
        assert set(result.anomalies) == set(ANOMALIES)
        assert min(result.anomalies.values()) > 0, result.anomalies
    else:
        assert not any(result.anomalies.values()), result.anomalies
    assert result.samples.shape == (COUNT // 4096, 3)
    assert len({tuple(sample) for sample in result.samples.tolist()}) == COUNT // 4096
    assert sum(strategy.trades for book in result.books for strategy in book.strategies) > 0
