"""Synthetic feeds: all combinations of policies, on any number of threads, agree with the oracle."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.policy import CORE_AXES, Variant
from lobench.engine.synthetic import names
from lobench.engine.synthetic.every_rule import EVERY_RULE
from tests.support.made_once import made_once
from tests.support.replays import FACTORIAL, FEW, LADDER, TOP, Expected, Observed, assert_same, combined_with, each

COUNT = 20_000
MODELS = [name for name, _ in names() if name != EVERY_RULE.name]
FEEDS = [f"synth:{name},n={COUNT},seed=1{anomalies}" for name in MODELS for anomalies in ("", ",anomalies=0.01")]
RULES = f"synth:{EVERY_RULE.name},n={COUNT},seed=1"
"""It has its own anomalies; tests/unit/engine/test_coverage.py shows what it reaches."""


@cache
def feed(spec: str) -> LoadedFeed:
    return load(open_feed([spec]))


@cache
def expected(spec: str) -> Expected:
    return made_once(f"synthetic {spec}", lambda: Expected(feed(spec).records))


CASES = [(workers, spec) for spec in (*FEEDS, RULES) for workers in (1, 2)]


@pytest.mark.parametrize(("variant", "workers", "spec"), combined_with(CASES, always=2))
def test_every_combination(variant: Variant, workers: int, spec: str) -> None:
    assert_same(Observed(variant, feed(spec).records, workers=workers, rows=workers == 1), expected(spec))


@pytest.mark.fast
def test_the_few_combinations_cover_all_pairs_of_policies() -> None:
    """The long tier adds combinations of three and four."""

    def pairs(variants: list[Variant]) -> set[tuple[str, ...]]:
        chosen = [[f"{axis} {one.policies[axis]}" for axis in CORE_AXES] for one in variants]
        return {pair for policies in chosen for pair in combinations(policies, 2)}

    assert pairs(FEW) == pairs(FACTORIAL)
    assert len(FEW) == 8
    assert {tuple(one.policies.values()) for one in LADDER if (one.phase or 0) < 5} <= {
        tuple(one.policies.values()) for one in FEW
    }


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
@pytest.mark.parametrize("workers", [3, 7])
def test_three_workers_keep_the_feeds_order(variant: Variant, workers: int) -> None:
    """An odd number of threads, more than there are cores, with rows brought back into the feed's order."""
    spec = next(spec for spec in FEEDS if "full-market" in spec and "anomalies" in spec)
    assert_same(Observed(variant, feed(spec).records, workers=workers), expected(spec))


@pytest.mark.parametrize("spec", FEEDS)
def test_feeds_reach_every_anomaly_and_mechanism(spec: str) -> None:
    """A feed without anomalies has none, one with them has every kind, and all reach work in which variants differ."""
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
