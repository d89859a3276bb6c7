"""`lobench cmp`: two variants side by side, in one session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import wrong
from tests.support.command import lobench, refused
from tests.support.typed import read

pytestmark = pytest.mark.xdist_group("run")

FEED = "synth:liquid-future,n=40000"
QUICK = ("--budget", "4s", "--processes", "2")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """The JSON output of a comparison, and the folder of its result."""
    folder = tmp_path_factory.mktemp("cmp")
    done = lobench("cmp", "p4_hash_lookup", "p3_indexed_features", FEED, *QUICK, "-o", folder, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == int(told["comparison"]["regression"]), done.stderr
    return told, folder


def but_progress(stderr: str) -> list[str]:
    """The lines without progress. Progress lines come every ten seconds, so their number depends on the machine."""
    return [line for line in stderr.splitlines() if not line.startswith("... ")]


@pytest.mark.long
def test_keeps_a_document(compared: tuple[Any, Path]) -> None:
    told, folder = compared
    (path,) = folder.glob("*/result.json")
    assert told["result_file"] == str(path)
    kept = read(path)
    assert (kept["kind"], kept["status"]) == ("cmp", "complete")
    assert kept["command"].startswith("lobench cmp p4_hash_lookup p3_indexed_features")
    (feed,) = kept["feeds"]
    assert feed["comparison"] == told["comparison"]
    assert [told["comparison"][name] for name in ("base", "variant")] == ["p4_hash_lookup", "p3_indexed_features"]
    # The reference is verified, but not measured. The first variant is measured twice; a much faster one would be, too.
    measured = feed["session"]["measured"]
    assert measured[:2] == ["p4_hash_lookup", "p3_indexed_features"]
    assert measured[-1] == "p4_hash_lookup (A/A)"
    assert set(measured[2:-1]) <= {"p3_indexed_features (A/A)"}
    assert feed["session"]["laid_out"] == measured
    assert not feed["session"]["disagreeing"]
    assert {entry["name"] for entry in feed["verification"]} == {"p0_baseline", *measured[:2]}
    assert set(feed["counters"]) == set(measured[:2])
    assert all(entry["agrees"] for entry in feed["verification"])
    ratio = told["comparison"]["ratio"]
    assert ratio["low"] < ratio["value"] < ratio["high"]
    assert (
        feed["counters"]["p3_indexed_features"]["lookup_probes"] > feed["counters"]["p4_hash_lookup"]["lookup_probes"]
    )
    assert feed["factorial"] is None


@pytest.mark.long
def test_until_a_stage(tmp_path: Path) -> None:
    done = lobench("cmp", "p3", "p4", FEED, "--until", "book", *QUICK, "--tolerance", "90%", "-o", tmp_path)
    assert (done.returncode, but_progress(done.stderr)) == (0, [])
    assert "until book: decode and book only" in done.stdout
    (path,) = tmp_path.glob("*/result.json")
    kept = read(path)
    assert kept["until"] == "book"
    (feed,) = kept["feeds"]
    # The reference stops at the books, too.
    assert [set(entry["digests"]) for entry in feed["verification"]] == [{"trace", "state"}] * 6
    assert {entry["name"] for entry in feed["verification"]} == {"p0_baseline", "p3_indexed_features", "p4_hash_lookup"}
    assert feed["counters"]["p4_hash_lookup"]["lookups"] > 0
    assert feed["session"]["disagreeing"] == []


@pytest.mark.long
def test_output_without_json(tmp_path: Path) -> None:
    done = lobench("cmp", "p0_baseline", "p1_zero_copy", FEED, *QUICK, "--tolerance", "90%", "-o", tmp_path)
    assert (done.returncode, but_progress(done.stderr)) == (0, [])
    lines = done.stdout.splitlines()
    (heading,) = [line for line in lines if "A: p0_baseline" in line]
    assert "B: p1_zero_copy" in heading
    (copied,) = [line for line in lines if "event bytes copied" in line]
    assert [cell.strip() for cell in copied.split("│")[2:4]][1] == "0.0000"
    starts = [line.split("  ")[0] for line in lines if not line.startswith(("│", "┃", "┏", "┡", "└", " "))]
    # Whether a bias of lock-step is shown depends on the machine.
    starts = [start for start in starts if start != "lock-step"]
    assert starts == ["verdict", "verification", "noise floor", "resolution", "result"]
    (verdict,) = [line for line in lines if line.startswith("verdict")]
    assert "95 % interval" in verdict
    assert any(words in verdict for words in ("is faster than", "is slower than", "no difference shown between"))


@pytest.mark.long
def test_a_wrong_variant_gets_no_verdict(tmp_path: Path) -> None:
    path = wrong.write_forgetful(tmp_path)
    words = ("cmp", "p4_hash_lookup", "forgetful", wrong.FEED, "--variants-from", path)
    done = lobench(*words, *QUICK, "-o", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert f"first difference: event {wrong.mistake().record} (" in done.stdout
    assert "FAILED for forgetful: no verdict on different results" in done.stdout
    assert not any(line.startswith("verdict") for line in done.stdout.splitlines())
    (kept,) = (tmp_path / "out").glob("*/result.json")
    assert "comparison" not in read(kept)["feeds"][0]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("p0_baseline", "p0_baseline"), "A and B are both p0_baseline"),
        (("p0_baseline", "nothing"), "no variant named 'nothing'"),
        (("p0_baseline", "p1_zero_copy", "synth:none"), "none"),
        (("p0_baseline", "p1_zero_copy", "--tolerance", "2"), "--tolerance takes a fraction"),
        (("p0_baseline", "p1_zero_copy", "--budget", "soon"), "not a duration"),
        (("p0_baseline", "p1_zero_copy", "--processes", "0"), "--processes must be at least 2, was 0"),
    ],
)
def test_refused_at_once(words: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    assert expected in refused(2, "cmp", *words, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
