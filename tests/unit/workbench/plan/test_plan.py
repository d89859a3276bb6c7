"""The prediction ledger: read, graded against measured steps, and written before anything is measured."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lobench.engine import cache
from lobench.engine.errors import UsageError
from lobench.variants import discover
from lobench.workbench.plan import (
    DEFAULT,
    LedgerError,
    Prediction,
    gain_range,
    grade,
    measured_in,
    predictions,
    read_ledger,
    record,
)
from lobench.workbench.results.model.intervals import Interval
from tests.support import typed
from tests.support.analyses import interval
from tests.support.documents import document
from tests.support.typed import score, share_from

HEAD = "# What we promised.\n# It stays.\n\n"
ENTRY = """[[prediction]]  # the first
phase = 5
bottleneck = "memory"   # odd  spacing
gain = [1.1, 1.5]
source = "me"
date = 2026-11-01
"""
NEW = Prediction(
    phase=6, bottleneck="SIMD", low=1.0, high=1.25, source="a profile", date="2026-11-22", share=(0.2, 0.2)
)
CORE = {phase: entry for phase, entry in predictions().items() if phase <= 4}


def ledger(folder: Path, text: str = HEAD + ENTRY) -> Path:
    path = folder / "plan.toml"
    path.write_text(text)
    return path


def test_the_plan_that_is_shipped() -> None:
    found = predictions()
    assert list(found) == [variant.phase for variant in discover().values() if variant.phase]
    plan = [(entry.low, entry.high) for entry in found.values() if entry.source == "the optimization plan"]
    assert plan == [(2.3, 2.9), (1.4, 1.7), (1.2, 1.2), (1.1, 1.1)]
    assert found[1].throughput == (7.0, 9.0)
    assert found[1].gain == "2.3-2.9x"
    assert found[4].gain == "1.1x"
    assert all(entry.source and entry.date and entry.before and entry.after for entry in found.values())


def test_kernels_do_not_depend_on_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "variants").mkdir()
    monkeypatch.setattr(cache, "_ROOT", tmp_path)
    source = tmp_path / "variants" / "p1_first.py"
    source.write_text("a = 1")
    before = cache.source_digest()
    (tmp_path / "variants" / DEFAULT.name).write_text(ENTRY)
    assert cache.source_digest() == before
    source.write_text("a = 2")
    assert cache.source_digest() != before


def test_a_feeds_own_prediction_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    own = replace(NEW, high=2.0, feed=("mine", "a" * 32))
    for entry in (own, NEW, replace(NEW, phase=7, feed=("other", "b" * 32))):
        record(path, entry)
    assert predictions(None, path) == {6: NEW}
    assert predictions("a" * 32, path) == {6: own}
    assert set(predictions("b" * 32, path)) == {6, 7}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = ", "not TOML"),
        ("prediction = 5", "predictions are tables"),
        ("[[prediction]]\nphase = 0", "prediction 1: phase must be a number from 1, was 0"),
        ("[[prediction]]\nphase = 1.5", "phase must be a number"),
        (ENTRY.replace('"me"', "5"), "source must be a text"),
        (ENTRY.replace("date", "day"), "date is missing"),
        (ENTRY.replace("gain", "gains"), "gain is missing"),
        (ENTRY.replace("[1.1, 1.5]", "[1.5, 1.1]"), "gain must be [low, high]"),
        (ENTRY.replace("[1.1, 1.5]", "[1.1, inf]"), "gain must be [low, high]"),
        (ENTRY.replace("[1.1, 1.5]", "[nan, nan]"), "gain must be [low, high]"),
        (ENTRY.replace("[1.1, 1.5]", "[true, true]"), "gain must be [low, high]"),
        (ENTRY + 'feed = "x"', "feed must have name and digest"),
        (ENTRY + ENTRY, "prediction 2: phase 5 already has a prediction"),
    ],
)
def test_ledgers_that_are_refused(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as refusal:
        read_ledger(ledger(tmp_path, text))
    assert refusal.value.exit_code == 3
    assert expected in str(refusal.value)
    assert "plan.toml: " in str(refusal.value)


def test_a_ledger_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--ledger takes a file"):
        read_ledger(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.1, 1.3, "hit"),  # the measured interval is 1.1 to 1.3
        (1.0, 9.0, "hit"),
        (1.0, 1.1, "open"),
        (1.3, 2.0, "open"),
        (1.15, 1.2, "open"),
        (1.31, 2.0, "under"),
        (0.5, 1.09, "over"),
        (1.2, 1.2, "open"),  # stands for 1.15 to 1.25
        (1, 1, "over"),
        (1.4, 1.4, "under"),
    ],
)
def test_grades(low: float, high: float, expected: str) -> None:
    """A step is graded if it is shown to differ from no effect and lies wholly inside or wholly outside the predicted
    range."""
    measured = Interval(1.2, 1.1, 1.3)
    assert grade(low, high, measured, "faster") == expected
    for verdict in ("no difference shown", None):
        assert grade(low, high, measured, verdict) == "open"
    assert grade(low, high, None, None) == "open"


def test_a_predicted_figure_covers_its_rounding() -> None:
    assert grade(1.2, 1.2, Interval(1.2, 1.16, 1.24), "faster") == "hit"
    assert grade(1.2, 1.2, Interval(1.3, 1.26, 1.34), "faster") == "over"
    assert grade(0.8, 1.2, Interval(0.9, 0.85, 0.95), "slower") == "hit"


def test_unproven_gains_are_not_graded() -> None:
    made = document()
    rung = made["feeds"][0]["analysis"]["ladder"][1]
    rung |= {"step_verdict": "no difference shown", "step": {"value": 2.4, "low": 2.35, "high": 2.45}}
    found = score(made, made["feeds"][0], CORE)[0]
    assert (found.score, found.notes, found.measured) == (
        "open",
        ("no difference shown",),
        typed.interval(rung["step"]),
    )
    rung |= {"step_verdict": "faster", "step": {"value": 2.4, "low": 2.2, "high": 2.6}}
    found = score(made, made["feeds"][0], CORE)[0]
    assert found.notes == ("the interval reaches across an end of the predicted range, 2.3-2.9x",)
    note = "the same kernel as p0_baseline here"
    rung |= {"step_verdict": None, "step": None, "same_as": "p0_baseline", "note": note}
    found = score(made, made["feeds"][0], CORE)[0]
    assert (found.score, found.notes, found.measured) == ("open", (note,), None)


def test_scoring_a_result() -> None:
    made = document()
    grades = score(made, made["feeds"][0], {**CORE, 6: NEW})
    assert [(found.prediction.phase, found.score) for found in grades] == [
        (1, "under"),
        (2, "under"),
        (3, "over"),
        (4, "over"),
        (6, "open"),
    ]
    rungs = {rung["phase"]: rung for rung in made["feeds"][0]["analysis"]["ladder"]}
    for found in grades[:4]:
        rung = rungs[found.prediction.phase]
        assert found.measured == typed.interval(rung["step"])
        # The page shows the same score.
        assert found.score == rung["score"]
        assert found.notes == ()
    assert grades[4].notes == ("the phase was not measured",)
    json.dumps([found.as_json() for found in grades])


def test_a_step_that_skips_a_phase_is_no_evidence() -> None:
    made = document(speeds={"p0_baseline": 1.0, "p1_zero_copy": 1.1, "p3_indexed_features": 3.0})
    found = {entry.prediction.phase: entry for entry in score(made, made["feeds"][0], CORE)}
    assert {phase: entry.score for phase, entry in found.items()} == {1: "under", 2: "open", 3: "open", 4: "open"}
    assert found[3].notes == ("phase 2, over which the gain was predicted, was not measured",)
    assert found[3].measured is None


def test_scores_say_when_a_prediction_is_doubtful() -> None:
    made = document()
    late = {1: replace(predictions()[1], date="2026-11-23"), 2: replace(predictions()[2], high=9.0)}
    first, second = score(made, made["feeds"][0], late)
    assert first.notes == ("predicted on 2026-11-23, after the measurement of 2026-11-22",)
    assert second.notes == ("when it was measured the ledger predicted 1.4 to 1.7",)


def test_a_result_without_analysis_is_not_scored() -> None:
    made = document(status="partial")
    with pytest.raises(UsageError, match="finish the measurement first: lobench run synth:liquid-future"):
        score(made, made["feeds"][0], predictions())


def test_a_part_of_the_pipeline_is_no_evidence() -> None:
    made = document(until="book")
    found = score(made, made["feeds"][0], CORE)
    assert [entry.score for entry in found] == ["open"] * 4
    assert {entry.notes for entry in found} == {("measured until book only: predictions are of the whole pipeline",)}
    assert not any(entry.measured for entry in found)


def test_amdahl() -> None:
    assert gain_range((0.5, 0.5)) == (1.0, 2.0)
    assert gain_range((0.2, 0.75)) == (1.0, 4.0)
    low, high = gain_range((0.25, 0.5), 2.0)
    assert math.isclose(low, 1 / (0.75 + 0.125))
    assert math.isclose(high, 1 / 0.75)
    assert gain_range((0.0, 0.0), 5.0) == (1.0, 1.0)
    for share in ((1.0, 1.0), (-0.1, 0.5), (0.5, 0.4), (math.nan, math.nan)):
        with pytest.raises(UsageError, match="share of the time"):
            gain_range(share)
    for speedup in (1.0, 0.5, math.inf, math.nan):
        with pytest.raises(UsageError, match="--speedup"):
            gain_range((0.5, 0.5), speedup)


def with_stages(*feeds: dict[str, float]) -> dict[str, Any]:
    made = document(feeds=[f"synth:{number}" for number in range(len(feeds))])
    for feed, stages in zip(made["feeds"], feeds, strict=True):
        feed["analysis"]["stages"] = [{"stage": name, "share": interval(share)} for name, share in stages.items()]
    return made


def test_shares_come_from_a_profile() -> None:
    made = with_stages({"book": 0.4, "features": 0.5})
    assert share_from(made, "book") == (0.4 * 0.995, 0.4 * 1.005)
    with pytest.raises(UsageError, match=r"no stage 'locks'\. Use any of book, features"):
        share_from(made, "locks")
    with pytest.raises(UsageError, match="it needs a profile; or give the share"):
        share_from(document(), "book")
    two = with_stages({"book": 0.4}, {"book": 0.2})
    with pytest.raises(UsageError, match=r"2 times .*name the feed"):
        share_from(two, "book")
    assert share_from(two, "book", two["feeds"][1]["digest"])[0] == 0.2 * 0.995


def test_recording_keeps_comments_and_order(tmp_path: Path) -> None:
    path = ledger(tmp_path)
    record(path, NEW)
    text = path.read_text()
    assert text.startswith(HEAD + ENTRY)
    assert read_ledger(path)[1] == NEW
    with pytest.raises(UsageError, match=r"phase 6 already has a prediction: 1-1\.25x, a profile, 2026-11-22; -"):
        record(path, replace(NEW, high=9.0))
    assert path.read_text() == text
    record(path, replace(NEW, phase=5, share=None), replace=True)
    assert path.read_text().startswith(HEAD + "[[prediction]]  # the first\n")
    assert [entry.phase for entry in read_ledger(path)] == [5, 6]
    assert read_ledger(path)[0] == replace(NEW, phase=5, share=None)
    assert "\n\n\n" not in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.toml"]


def test_recording_in_a_new_file_and_through_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    link = tmp_path / "plan.toml"
    link.symlink_to(real)
    record(link, replace(NEW, before="slow", after="fast", speedup=4.0, feed=("synth:x", "c" * 32)))
    assert link.is_symlink()
    (found,) = read_ledger(real)
    assert (found.before, found.after, found.speedup, found.feed) == ("slow", "fast", 4.0, ("synth:x", "c" * 32))
    with pytest.raises(UsageError, match="cannot be written"):
        record(tmp_path / "no" / "plan.toml", NEW)


def test_measurements_are_found(tmp_path: Path) -> None:
    told: list[str] = []
    for name, content in {
        "0": json.dumps(document(until="book", speeds={"p0_baseline": 1.0, "p6_simd": 2.0})),
        "a": json.dumps(document(status="partial", speeds={"p0_baseline": 1.0, "p5_memory_pool": 2.0})),
        "b": "{ truncated",
        "c": json.dumps({"variants": 5, "samples": []}),
        "d": json.dumps(
            {
                "schema_version": 1,
                "variants": [{"name": "p7_cache_layout", "phase": 7}, {"name": "p8_profile_guided", "phase": 8}],
                "measured": ["p7_cache_layout"],
                "samples": {"rows": [[0]]},
            }
        ),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(content)
    for phase, expected in {5: "a", 7: "d", 6: None, 8: None}.items():
        found = measured_in([tmp_path / "nowhere", tmp_path], phase, told.append)
        assert found == (tmp_path / expected / "result.json" if expected else None)
    assert len(told) == 3
    assert all("b/result.json" in text for text in told)
