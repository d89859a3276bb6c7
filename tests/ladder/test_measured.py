"""A small ladder of two files, in earnest: verified, measured, graded, and shown on a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ladder.test_commands import FILE, LADDER, STEPS
from tests.support.command import answer, lobench
from tests.support.typed import read

pytestmark = pytest.mark.xdist_group("ladder")

FEED = "synth:liquid-future,n=20000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Steps of the kernels of phases 3 and 4, under names of their own."""
    (tmp_path / "p0_mine.py").write_text(FILE.format("p3_indexed_features"))
    (tmp_path / "p3_mine.py").write_text(FILE.format("p4_hash_lookup"))
    text = LADDER.replace("day.dbn", FEED).replace("[3.0, 3.5]", "[1.0, 50.0]")
    (tmp_path / "ladder.toml").write_text(text)
    return tmp_path


def test_a_ladder_is_verified_and_measured(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    words = ("--ladder", folder / "ladder.toml")
    told = answer("verify", FEED, *words, folder=elsewhere)
    assert told["agree"] is True
    # All are compared with lobench's own reference.
    assert [entry["variant"] for entry in told["verifications"]] == ["p0_baseline", *STEPS]

    measured = answer("measure", *words, "--budget", "4s", "--processes", 2, "-o", folder / "out", folder=elsewhere)
    result = read(measured["result_file"])
    (feed,) = result["feeds"]
    assert feed["specs"] == [FEED]
    assert [entry["name"] for entry in feed["verification"] if entry["workers"] == 2] == STEPS
    assert feed["session"]["measured"][-1] == "p0_mine (A/A)"
    assert feed["session"]["disagreeing"] == []
    first, second = feed["analysis"]["ladder"]
    assert (first["variant"], second["variant"], second["base"]) == (*STEPS, "p0_mine")
    assert second["step"]["low"] <= second["step"]["value"] <= second["step"]["high"]
    assert second["prediction"]["low"] == 1.0
    assert second["score"] in ("hit", "open")

    done = lobench("report", measured["result_file"], folder=elsewhere)
    assert done.returncode == 0, done.stderr
    page = Path(elsewhere, done.stdout.strip())
    text = page.with_suffix(".md").read_text()
    assert "The ladder: Half a plan" in text
    assert "p3_mine (as it should be)" in text


@pytest.mark.long
def test_a_run_of_it(folder: Path) -> None:
    told = answer("run", "--quick", "--ladder", folder / "ladder.toml", "--budget", "6s", folder=folder)
    (feed,) = told["feeds"]
    assert [rung["variant"] for rung in feed["analysis"]["ladder"]] == STEPS
    assert set(feed["counters"]) == set(STEPS)
    assert feed["limits"] is not None
