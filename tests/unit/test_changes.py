"""Comparing in time: how often identical variants are told apart, and how often a true change is found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import SPEEDS, document
from workbench.changes import changes
from workbench.statistics import compared

PAIRS = 100


def session(seed: int, **more: Any) -> dict[str, Any]:
    """A result of eight short processes with the noise floor that the statistics find."""
    made = document(seed=seed, processes=8, passes=1, slices=3, **more)
    (feed,) = made["feeds"]
    feed["analysis"]["noise"]["floor"] = compared(feed["session"]).floor
    return made


@pytest.fixture(scope="module")
def sessions() -> list[dict[str, Any]]:
    return [session(seed) for seed in range(2 * PAIRS)]


def test_intervals_hold_what_they_say(sessions: list[dict[str, Any]]) -> None:
    found = [changes(old, new) for old, new in zip(sessions[::2], sessions[1::2], strict=True)]
    ratios = [change.relative for one in found for change in one if change.relative]
    covered = sum(ratio["low"] <= 1 <= ratio["high"] for ratio in ratios)
    assert len(ratios) == 4 * PAIRS
    assert 0.92 <= covered / len(ratios) <= 0.98
    # Holm's correction and the noise floors leave fewer than the nominal 2.5 % on this side.
    assert sum(any(change.regression for change in one) for one in found) <= 2


def test_true_changes_are_found(sessions: list[dict[str, Any]]) -> None:
    slower = {**SPEEDS, "p2_snapshot": 0.95 * SPEEDS["p2_snapshot"]}
    found = [
        [change.variant for change in changes(old, session(1000 + number, speeds=slower)) if change.regression]
        for number, old in enumerate(sessions[:PAIRS])
    ]
    assert sum("p2_snapshot" in names for names in found) >= 0.9 * PAIRS
    assert sum(names not in ([], ["p2_snapshot"]) for names in found) <= 0.05 * PAIRS
