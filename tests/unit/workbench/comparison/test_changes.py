"""Comparing in time: how often identical variants are called different, and how often a true change is found."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from tests.support.documents import SPEEDS, document
from tests.support.typed import changes

PAIRS = 50


def session(seed: int, **more: Any) -> dict[str, Any]:
    """A result of eight short processes."""
    return document(seed=seed, processes=8, passes=1, slices=3, **more)


def other(made: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same result, but that variants of these names were of other sources."""
    changed = [{**entry, "source_digest": "0" * 16} if entry["name"] in names else entry for entry in made["variants"]]
    return {**made, "variants": changed}


def shifted(made: dict[str, Any], spread: float, seed: int) -> dict[str, Any]:
    """The same result, from an hour in which each variant was slower or faster by its own factor in all processes
    alike."""
    rng = np.random.default_rng(seed)
    (feed,) = made["feeds"]
    rows = np.array(feed["session"]["samples"]["rows"])
    factors = rng.lognormal(0, spread, len(feed["session"]["measured"]))
    rows[:, 5:7] = np.rint(rows[:, 5:7] * factors[rows[:, 3], None])
    session = {**feed["session"], "samples": {**feed["session"]["samples"], "rows": rows.tolist()}}
    return {**made, "feeds": [{**feed, "session": session}]}


@pytest.fixture(scope="module")
def sessions() -> list[dict[str, Any]]:
    return [session(seed) for seed in range(2 * PAIRS)]


@pytest.mark.normal
def test_intervals_between_sessions_cover_the_truth(sessions: list[dict[str, Any]]) -> None:
    """One variant was edited without effect, three were not: intervals include the difference between sessions."""
    for spread in (0.0, 0.03):
        pairs = enumerate(zip(sessions[::2], sessions[1::2], strict=True))
        found = [
            changes(shifted(old, spread, 2 * place), other(shifted(new, spread, 2 * place + 1), "p2_snapshot"))
            for place, (old, new) in pairs
        ]
        edited = [change for (one,) in found for change in one.changes if change.variant == "p2_snapshot"]
        assert len(edited) == PAIRS
        covered = sum(change.relative.low <= 1 <= change.relative.high for change in edited if change.relative)
        assert covered >= 0.92 * PAIRS
        assert not any(change.verdict for (one,) in found for change in one.changes if change.variant != "p2_snapshot")
        assert sum(change.verdict != "no difference shown" for change in edited) <= 3


def test_the_same_sources_are_a_control(sessions: list[dict[str, Any]]) -> None:
    """One from a quiet and one from a busy hour: no variant is faster, and intervals include the difference between the
    hours."""
    (found,) = changes(sessions[0], shifted(sessions[1], 0.1, 7))
    assert found.control
    assert {change.verdict for change in found.changes} == {None}
    assert all(change.same for change in found.changes)
    assert 0.02 < found.as_json()["sessions_differ"] < 0.4
    assert all(change.relative.low < 1 < change.relative.high for change in found.changes[1:] if change.relative)


def test_results_without_common_variants_get_no_verdict(sessions: list[dict[str, Any]]) -> None:
    engine = {**sessions[1], "source_digest": "1" * 16}
    (found,) = changes(sessions[0], engine)
    assert {change.verdict for change in found.changes} == {None}
    assert found.sessions.count == 0
    assert not found.control
    # Another session of the earlier sources shows how much sessions differ.
    (found,) = changes(sessions[0], engine, controls=[sessions[2]])
    assert found.sessions.count == 4
    assert {change.verdict for change in found.changes[1:]} == {"no difference shown"}
    # A session of neither version shows nothing, nor does one by another compiler version.
    (found,) = changes(sessions[0], engine, controls=[{**sessions[2], "source_digest": "2" * 16}])
    assert found.sessions.count == 0
    updated = copy.deepcopy(sessions[1])
    updated["environment"]["packages"]["numba"] = "0.99"
    (found,) = changes(sessions[0], updated)
    assert found.sessions.count == 0


def test_other_parameters_are_another_variant(sessions: list[dict[str, Any]]) -> None:
    """A variant that takes fitted parameters is the same only with the same ones."""
    tuned = copy.deepcopy(sessions[1])
    for made in (old := copy.deepcopy(sessions[0]), tuned):
        made["variants"][4]["policies"]["tuning"] = "profiled"
    tuned["feeds"][0]["tuning"] = {
        "profile": "f.toml",
        "digest": "0" * 32,
        "confirmed": True,
        "parameters": {"distance": 20},
    }
    (found,) = changes(old, tuned)
    assert [change.variant for change in found.changes if not change.same] == ["p4_hash_lookup"]


def test_true_changes_are_found(sessions: list[dict[str, Any]]) -> None:
    slower = {**SPEEDS, "p2_snapshot": 0.95 * SPEEDS["p2_snapshot"]}
    found = [
        [
            change.variant
            for change in changes(old, other(session(1000 + number, speeds=slower), "p2_snapshot"))[0].changes
            if change.regression
        ]
        for number, old in enumerate(sessions[:PAIRS])
    ]
    assert sum("p2_snapshot" in names for names in found) >= 0.9 * PAIRS
    assert sum(names not in ([], ["p2_snapshot"]) for names in found) <= 0.05 * PAIRS
