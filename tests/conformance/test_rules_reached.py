"""The rules of `lobench conform` beside those that `lobench verify` counts in a feed, and the variants beside both."""

from __future__ import annotations

from collections import Counter

import pytest

from lobench.engine.feeds import LoadedFeed
from lobench.engine.feeds.base import Chunk
from lobench.engine.oracle import Oracle
from lobench.engine.policy import Variant
from lobench.engine.records import MBO
from lobench.workbench.conformance.conforming import conform
from lobench.workbench.conformance.rules import RULES
from lobench.workbench.conformance.stream import made
from lobench.workbench.conformance.subjects import VariantSubject
from lobench.workbench.verification.coverage import RULES as COUNTED
from lobench.workbench.verification.coverage import reached
from tests.support.replays import LADDER, PHASE, each, group

pytestmark = pytest.mark.normal


@pytest.mark.parametrize("variant", each(LADDER))
def test_variants_keep_all_rules(variant: Variant) -> None:
    outcome = conform(VariantSubject(variant), list(RULES.values()))
    assert [(verdict.rule.name, verdict.reason) for verdict in outcome.verdicts if verdict.status != "holds"] == []


@group(PHASE[4])
def test_streams_reach_every_rule_that_verify_counts() -> None:
    """A rule of the same name in both is the same rule, and all that verify counts is some rule's."""
    total: Counter[str] = Counter()
    for rule in RULES.values():
        records = made(rule.stream)
        feed = LoadedFeed(rule.name, Chunk(records.ctypes.data, MBO.itemsize, len(records), records), {})
        oracle = Oracle(rule.evaluate)
        oracle.apply(records)
        counts = reached(feed, oracle.finish(), rule.evaluate)
        same = rule.name.replace("-", "_")
        assert same not in COUNTED or counts[same], rule.name
        total.update(counts)
    # A small stream cannot have more than 2^20 records.
    assert {name for name in COUNTED if not total[name]} == {"many_records"}
    assert len({rule.replace("-", "_") for rule in RULES} & set(COUNTED)) > 30
