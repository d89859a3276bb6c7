"""`lobench plan`: the ledger as a table, scores of a result, and predictions that come before measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.variants import discover
from lobench.workbench.plan import read_ledger
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.numbers import ends, estimate
from tests.support.analyses import interval
from tests.support.command import answer, complaints, lobench, refused
from tests.support.documents import document, written
from tests.support.profiled import profile_of

pytestmark = pytest.mark.fast

PHASES = [variant.phase for variant in discover().values() if variant.phase]
"""The shipped ledger has a prediction for each."""

OWN = """# mine
[[prediction]]
phase = 1
bottleneck = "copies"
gain = [1.0, 1.2]
source = "me"
date = 2026-01-01
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    return path


def result(folder: Path, made: dict[str, Any], name: str = "out") -> Path:
    (folder / name / "run").mkdir(parents=True)
    return written(folder / name / "run", made)


def test_the_ledger() -> None:
    told = answer("plan")["predictions"]
    assert [entry["phase"] for entry in told] == PHASES
    assert (told[0]["low"], told[0]["high"], told[0]["throughput"]) == (2.3, 2.9, [7.0, 9.0])
    lines = lobench("plan").stdout.splitlines()
    (row,) = [line for line in lines if "event cloning" in line]
    for word in ("2.3-2.9x", "7-9", "the optimization plan", "2026-11-22"):
        assert word in row


def test_a_ledger_of_ones_own(ledger: Path) -> None:
    (told,) = answer("plan", "--ledger", ledger)["predictions"]
    assert told["bottleneck"] == "copies"
    ledger.write_text("[[prediction]]")
    assert "prediction 1: phase must be" in refused(3, "plan", "--ledger", ledger)
    assert "--ledger takes a file" in refused(2, "plan", "--ledger", "none.toml")


def test_scores(tmp_path: Path, ledger: Path) -> None:
    path = result(tmp_path, document())
    told = answer("plan", "score", path)
    later = len(PHASES) - 4
    assert told["summary"] == {"hit": 0, "under": 2, "over": 2, "open": later}
    assert [entry["score"] for entry in told["grades"]] == ["under", "under", "over", "over", *["open"] * later]
    lines = lobench("plan", "score", path.parent).stdout.splitlines()
    assert lines[-1] == f"0 hit, 2 under, 2 over, {later} open"
    (row,) = [line for line in lines if "event cloning" in line]
    measured = Interval(**told["grades"][0]["measured"])
    for word in ("2.3-2.9x", estimate(measured, "x"), ends(measured), "under"):
        assert word in row
    # Options may precede or follow the action.
    for words in (("--ledger", ledger, "score", path), ("score", path, "--ledger", ledger)):
        assert answer("plan", *words)["summary"]["hit"] == 1
    (grade,) = json.loads(lobench("plan", "--json", "score", path, "--ledger", ledger).stdout)["grades"]
    assert grade["notes"] == ["when it was measured the ledger predicted 2.3 to 2.9"]


def test_results_that_cannot_be_scored(tmp_path: Path) -> None:
    partial = result(tmp_path, document(status="partial"))
    assert "holds no analysis" in refused(2, "plan", "score", partial)
    old = result(tmp_path, {**document(), "schema_version": 1}, "old")
    assert "schema version 1" in refused(3, "plan", "score", old)
    assert "give a result.json" in refused(2, "plan", "score", tmp_path / "none")


def test_a_prediction_is_recorded(tmp_path: Path, ledger: Path) -> None:
    words = (
        "plan",
        "predict",
        "p9_batched_books",
        "--share",
        "0.35-0.38",
        "--bottleneck",
        "memory",
        "--ledger",
        ledger,
    )
    done = lobench(*words, "--before", "heap", "--after", "pool", folder=tmp_path)
    assert (done.returncode, complaints(done)) == (0, "")
    assert done.stdout.startswith("phase 9, memory: 1-1.613x predicted")
    assert ledger.read_text().startswith(OWN)
    (_, made) = read_ledger(ledger)
    assert (made.phase, made.low, made.high, made.share) == (9, 1.0, 1.6129, (0.35, 0.38))
    assert (made.before, made.after) == ("heap", "pool")
    assert made.source == "Amdahl's bound, a share given by hand"
    assert "already has a prediction: 1-1.613x" in refused(2, *words, folder=tmp_path)
    told = answer(*words, "--speedup", "3", "--source", "my profile", "--replace", folder=tmp_path)["prediction"]
    assert (told["low"], told["high"], told["source"]) == (1.3043, 1.3393, "my profile")
    assert [entry.phase for entry in read_ledger(ledger)] == [1, 9]


@pytest.mark.normal
def test_a_prediction_for_one_feed(tmp_path: Path, ledger: Path) -> None:
    feed = "synth:liquid-future,n=1000"
    words = ("plan", "predict", 90, feed, "--share", "0.5", "--bottleneck", "memory", "--ledger", ledger)
    told = answer(*words, folder=tmp_path)["prediction"]
    assert told["feed"][0] == feed
    assert len(told["feed"][1]) == 32
    # A prediction for all feeds may exist beside it.
    assert lobench("plan", "predict", *words[2:3], *words[4:], folder=tmp_path).returncode == 0
    assert [entry.feed is None for entry in read_ledger(ledger)] == [True, False, True]


@pytest.mark.normal
def test_a_share_from_a_profile(tmp_path: Path, ledger: Path) -> None:
    made = document()
    made["feeds"][0]["analysis"]["stages"] = [{"stage": "book", "share": interval(0.4, 0.1)}]
    path = result(tmp_path, made, "profiled")
    words = ("plan", "predict", 9, "--from", path, "--ledger", ledger)
    told = answer(*words, "--stage", "book", folder=tmp_path)["prediction"]
    assert told["share"] == pytest.approx([0.36, 0.44])
    assert told["high"] == round(1 / 0.56, 4)
    assert told["bottleneck"] == "book"
    assert told["source"] == "Amdahl's bound, share of stage 'book' in the result of 2026-11-22T10:11:12+00:00"
    assert "no stage 'locks'" in refused(2, *words, "--stage", "locks", folder=tmp_path)
    assert "belong together" in refused(2, *words, folder=tmp_path)


@pytest.mark.normal
def test_a_share_from_a_profile_of_one_variant(tmp_path: Path, ledger: Path) -> None:
    """As `lobench profile` writes it: ablation before samples, and never instructions."""
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(profile_of("p4_hash_lookup")))
    words = ("plan", "predict", 9, "--from", path, "--ledger", ledger)
    told = answer(*words, "--stage", "book", folder=tmp_path)["prediction"]
    assert told["share"] == pytest.approx([0.291, 0.311])
    assert told["high"] == round(1 / (1 - 0.311), 4)
    assert told["source"] == "Amdahl's bound, share of stage 'book' by ablation in a profile of p4_hash_lookup"
    told = answer(*words, "--stage", "lookup", "--replace", folder=tmp_path)["prediction"]
    assert told["share"][0] < 0.3 < told["share"][1]
    assert told["source"].endswith("by perf in a profile of p4_hash_lookup")
    assert "has no stage 'locks'" in refused(2, *words, "--stage", "locks", "--replace", folder=tmp_path)
    other = ("plan", "predict", 9, "synth:deep-book,n=1000", *words[3:], "--stage", "book", "--replace")
    assert "the profile is of synth:liquid-future, not of" in refused(2, *other, folder=tmp_path)
    path.write_text(json.dumps(profile_of("p4_hash_lookup", methods=("callgrind",))))
    assert "not a share of the time" in refused(2, *words, "--stage", "book", "--replace", folder=tmp_path)


def test_a_measured_phase_cannot_be_predicted(tmp_path: Path, ledger: Path) -> None:
    speeds = {"p0_baseline": 1.0, "p5_memory_pool": 1.2}
    result(tmp_path, document(speeds=speeds, status="partial"), "elsewhere")
    words = ("plan", "predict", 5, "--share", "0.3", "--bottleneck", "memory", "--ledger", ledger)
    before = ledger.read_text()
    text = refused(2, *words, "--measured", "elsewhere", folder=tmp_path)
    assert "phase 5 was measured already" in text
    assert "elsewhere/run/result.json" in text
    result(tmp_path, document(speeds=speeds))
    for more in ((), ("--replace",)):
        assert "out/run/result.json" in refused(2, *words, *more, folder=tmp_path)
    assert ledger.read_text() == before
    # Phase 9 was not measured, but one of the files is unreadable.
    (tmp_path / "out" / "run" / "result.json").write_text("{")
    done = lobench(*words[:2], 9, *words[3:], folder=tmp_path)
    assert done.returncode == 0
    assert "skipped, may hold a measurement: " in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("90",), "either --share P, or --from RESULT --stage NAME"),
        (("90", "--share", "0.1", "--from", "x"), "either --share P, or --from"),
        (("90", "--share", "1"), "from 0 to below 1"),
        (("90", "--share", "0.5-0.4"), "from 0 to below 1"),
        (("90", "--share", "half"), "--share is a number"),
        (("90", "--share", "nan"), "from 0 to below 1"),
        (("90", "--share", "0.5", "--speedup", "1"), "--speedup is the speed-up of the part"),
        (("0", "--share", "0.5"), "PHASE is a number from 1"),
        (("memory", "--share", "0.5"), "PHASE is a number from 1"),
        (("90", "nothing.dbn", "--share", "0.5"), "nothing.dbn"),
        (("90", "--share", "0.5", "--measured", "none"), "no such folder"),
        (("90", "--share", "0.5", "--ledger", "no/plan.toml"), "cannot be written"),
    ],
)
def test_predictions_that_are_refused(words: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    ledger = () if "--ledger" in words else ("--ledger", tmp_path / "plan.toml")
    done = lobench("plan", "predict", *words, "--bottleneck", "memory", *ledger, folder=tmp_path)
    assert done.returncode in (2, 3)
    assert expected in done.stderr
    assert not (tmp_path / "plan.toml").exists()
