"""Rules are independent: an engine with one fault fails the one rule that the fault is about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lobench.workbench.conformance.judging import wrong
from lobench.workbench.conformance.observation import Observation
from lobench.workbench.conformance.rules import RULES
from lobench.workbench.conformance.subjects import OracleSubject, Take
from tests.conformance.mutants import FAULTS, Fault, loaded

pytestmark = pytest.mark.normal


class Remembering(OracleSubject):
    """The oracle, which replays a stream once."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[bytes, str, int], Observation] = {}

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        key = (take.records.tobytes(), take.evaluate, len(take.books))
        if key not in self._known:
            self._known[key] = super().observe(take)
        return self._known[key]


REFERENCE = Remembering()
LONG = {"batch-boundary", "long-call"}
"""Streams of more than a batch; no fault of a rule's own is seen there alone."""


def failing(fault: Fault) -> list[str]:
    """Names of the rules that an engine with this fault fails; to raise is to fail."""
    engine = OracleSubject("wrong", loaded(fault))
    found = []
    for rule in RULES.values():
        if rule.name not in LONG:
            try:
                fails = bool(wrong(rule, engine, Take.of(rule), REFERENCE))
            except (KeyError, ValueError, ZeroDivisionError, AttributeError, TypeError):
                fails = True
            found += [rule.name] if fails else []
    return found


QUICK = [*FAULTS][::10]


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=[] if rule in QUICK else [pytest.mark.long]) for rule in FAULTS]
)
def test_a_fault_fails_its_rule_alone(rule: str) -> None:
    assert failing(FAULTS[rule]) == [rule]
