"""Commands on a user's ladder, in a laboratory that takes no time (``tests.support.pretend``): measuring, keeping,
resuming, refusing and printing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.dbn_files import header, records, write
from tests.support.documents import written
from tests.support.ladders import on_ladder, prediction
from tests.support.pretend import Command, commands
from tests.support.typed import read

pytestmark = pytest.mark.normal

LADDER = """name = "Half a plan"
feed = "day.dbn"

[[step]]
variant = "./p0_mine.py"
title = "as it was"

[[step]]
variant = "./p3_mine.py"
title = "as it should be"

[[prediction]]
step = "p3_mine"
bottleneck = "strings"
gain = [3.0, 3.5]
source = "a guess"
date = 2026-11-01
"""
FILE = 'from lobench.variants import {0}\n\nVARIANT = {0}.VARIANT.derive("{0} again")\n'
SOON = ("--budget", "10")
STEPS = ["p0_mine", "p3_mine"]
"""The laboratory takes times from such names: 320 and 100 ns."""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A ladder file in a folder of its own, beside its steps and its feed."""
    folder = tmp_path / "plan"
    folder.mkdir()
    write(folder / "day.dbn", header(), records(9_000).tobytes())
    (folder / "p0_mine.py").write_text(FILE.format("p2_snapshot"))
    (folder / "p3_mine.py").write_text(FILE.format("p3_indexed_features"))
    (folder / "ladder.toml").write_text(LADDER)
    return folder / "ladder.toml"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Types a command in a folder of its own."""
    return commands(monkeypatch, tmp_path)


def kept(tmp_path: Path) -> Path:
    (path,) = tmp_path.glob("out/*/result.json")
    return path


def test_a_run_is_of_its_steps_its_feed_and_its_predictions(
    command: Command, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("run", "--ladder", plan, *SOON) == 0
    said = capsys.readouterr().out
    assert "Half a plan on" in said
    assert f"--ladder {plan}" in said
    result = read(kept(tmp_path))
    assert [(entry["name"], entry["phase"]) for entry in result["variants"]] == [("p0_mine", 0), ("p3_mine", 1)]
    assert result["ladder"]["steps"][1] == {"variant": "p3_mine", "title": "as it should be"}
    assert result["options"]["ladder"] == str(plan)
    (feed,) = result["feeds"]
    assert feed["specs"] == [str(plan.parent / "day.dbn")]
    assert feed["session"]["measured"][-1] == "p0_mine (A/A)"
    assert "p3_mine (A/A)" in feed["session"]["measured"]
    step = feed["analysis"]["ladder"][1]
    assert (step["base"], step["score"]) == ("p0_mine", "hit")
    assert step["step"]["value"] == pytest.approx(3.2, rel=0.05)
    assert feed["factorial"] is None
    # Both ends consist of lobench's policies, so the axes in which they differ are taken from the top.
    assert feed["from_top"]["measured"][0] == "p3_mine"
    text = (kept(tmp_path).parent / "report.md").read_text()
    assert "The ladder: Half a plan" in text
    assert "p3_mine (as it should be)" in text


def test_an_interrupted_one_goes_on(command: Command, plan: Path, tmp_path: Path) -> None:
    words = ("measure", "--precision", "0.1%", "--ladder", plan, *SOON)
    assert command(*words, interrupt_after=6) == 130
    path = kept(tmp_path)
    # A changed prediction in the file does not change the kept one.
    plan.write_text(LADDER.replace("[3.0, 3.5]", "[7.0, 8.0]"))
    assert command("measure", "--resume", path) == 0
    result = read(path)
    assert result["status"] == "complete"
    assert [entry["low"] for entry in result["ladder"]["predictions"]] == [3.0]
    assert result["feeds"][0]["analysis"]["ladder"][1]["prediction"]["low"] == 3.0


def test_another_ladder_is_not_gone_on_with(
    command: Command, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("measure", "--ladder", plan, *SOON, interrupt_after=6) == 130
    plan.write_text(LADDER.replace("as it was", "as it never was"))
    assert command("measure", "--resume", kept(tmp_path)) == 2
    assert "the ladder has changed since it was measured; measure again" in capsys.readouterr().err


def test_two_of_it_are_compared(command: Command, plan: Path, tmp_path: Path) -> None:
    assert command("cmp", "p3_mine", "p7", "--ladder", plan, *SOON) == 0
    (feed,) = read(kept(tmp_path))["feeds"]
    assert feed["session"]["measured"][:2] == ["p3_mine", "p7_cache_layout"]
    assert {entry["name"] for entry in feed["verification"]} >= {"p0_mine", "p3_mine", "p7_cache_layout"}
    assert feed["comparison"]["verdict"] == "faster"
    assert [(rung["variant"], rung["phase"]) for rung in feed["analysis"]["ladder"]] == [
        ("p3_mine", 1),
        ("p7_cache_layout", None),
    ]


def test_a_reference_that_does_not_agree_ends_it(
    command: Command, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("measure", "--ladder", plan, *SOON, refuted=("p0_mine",)) == 1
    assert "p0_mine, the ladder's reference, does not agree" in capsys.readouterr().err
    result = read(kept(tmp_path))
    assert (result["status"], result["feeds"][0]["session"]) == ("partial", None)
    assert command("report", kept(tmp_path)) == 0


def test_a_step_that_does_not_agree_is_left_out(command: Command, plan: Path, tmp_path: Path) -> None:
    assert command("measure", "--ladder", plan, *SOON, refuted=("p3_mine",)) == 1
    (feed,) = read(kept(tmp_path))["feeds"]
    assert [rung["variant"] for rung in feed["analysis"]["ladder"]] == ["p0_mine"]


@pytest.mark.long
def test_a_ladder_of_lobenchs_steps_is_crossed(command: Command, plan: Path, tmp_path: Path) -> None:
    steps = "".join(f'[[step]]\nvariant = "{name}"\n' for name in ("p0", "p1", "p2", "p3", "p4"))
    plan.write_text(f'name = "Core"\n{steps}')
    assert command("run", "--ladder", plan, plan.parent / "day.dbn", *SOON) == 0
    (feed,) = read(kept(tmp_path))["feeds"]
    assert len(feed["factorial"]["measured"]) >= 17
    assert [entry["axis"] for entry in feed["analysis"]["attribution"]["phases"]] == [
        "events",
        "context",
        "features",
        "lookup",
    ]
    assert {rung["score"] for rung in feed["analysis"]["ladder"]} == {None}


def test_the_own_ladder_has_the_keys_it_had(command: Command, plan: Path, tmp_path: Path) -> None:
    assert command("measure", plan.parent / "day.dbn", "--variants", "p4", *SOON) == 0
    result = read(kept(tmp_path))
    assert "ladder" not in result
    assert "ladder" not in result["options"]
    assert [entry["phase"] for entry in result["variants"]] == [0, 4]


def told(command: Command, capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    """The JSON that a command prints."""
    capsys.readouterr()
    assert command(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_plan_is_shown_scored_and_added_to(
    command: Command, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (entry,) = told(command, capsys, "plan", "--ladder", plan)["predictions"]
    assert (entry["phase"], entry["bottleneck"]) == (1, "strings")
    written(tmp_path, on_ladder(predictions=[prediction(1, 1.3, 1.7)]))
    (grade,) = told(command, capsys, "plan", "score", tmp_path)["grades"]
    assert (grade["variant"], grade["score"]) == ("borrowed", "hit")
    # Graded by the file's present predictions.
    (grade,) = told(command, capsys, "plan", "score", tmp_path, "--ladder", plan)["grades"]
    assert (grade["prediction"]["low"], grade["score"]) == (3.0, "under")
    assert command("plan", "--ladder", plan, "--ledger", plan) == 2

    share = ("--share", "0.4", "--bottleneck", "locks")
    assert command("plan", "predict", "p3_mine", *share, "--ladder", plan) == 2
    assert "already has a prediction" in capsys.readouterr().err
    assert command("plan", "predict", "p3", *share, "--replace", "--ladder", plan) == 0
    (entry,) = told(command, capsys, "plan", "--ladder", plan)["predictions"]
    assert (entry["phase"], entry["bottleneck"], entry["low"]) == (1, "locks", 1.0)
    assert 'step = "p3_mine"' in plan.read_text()
    assert command("plan", "predict", "p9", *share, "--ladder", plan) == 2
    assert "PHASE is a step of" in capsys.readouterr().err


def test_a_ledger_takes_steps_to_come(command: Command, plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.write_text('ledger = "promises.toml"\n' + LADDER.partition("[[prediction]]")[0])
    (plan.parent / "promises.toml").touch()
    share = ("--share", "0.4", "--bottleneck", "locks", "--ladder", plan)
    assert command("plan", "predict", "p3_mine", *share) == 0
    assert command("plan", "predict", "2", *share) == 0
    assert command("plan", "predict", "0", *share) == 2
    assert "PHASE is a step of" in capsys.readouterr().err
    entries = told(command, capsys, "plan", "--ladder", plan)["predictions"]
    assert [entry["phase"] for entry in entries] == [1, 2]


def test_a_measured_step_cannot_be_predicted(
    command: Command, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict = ("plan", "predict", "p3_mine", "--share", "0.4", "--bottleneck", "b", "--replace", "--ladder", plan)
    folder = tmp_path / "out" / "one"
    folder.mkdir(parents=True)
    written(folder, on_ladder(name="Another plan"))
    assert command(*predict) == 0
    written(folder, on_ladder(name="Half a plan"))
    assert command(*predict) == 2
    assert "phase 1 was measured already" in capsys.readouterr().err


def test_init_writes_a_ladder_that_show_reads(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("ladder", "init") == 0
    assert capsys.readouterr().out == "ladder.toml written; next: lobench ladder show ladder.toml\n"
    before = (tmp_path / "ladder.toml").read_text()
    (tmp_path / "ladder.toml").write_text("mine")
    assert command("ladder", "init") == 2
    assert "ladder.toml: already exists; --force replaces it" in capsys.readouterr().err
    assert command("ladder", "init", "--force") == 0
    assert (tmp_path / "ladder.toml").read_text() == before
    found = told(command, capsys, "ladder", "show", "ladder.toml")
    assert [step["variant"] for step in found["steps"]] == ["p3_indexed_features", "p4_hash_lookup"]
    assert command("ladder", "show", "ladder.toml") == 0
    shown = capsys.readouterr().out
    for text in ("My plan", "p4_hash_lookup", "linear order search", "synth:liquid-future,n=200000"):
        assert text in shown
    assert told(command, capsys, "ladder", "show")["name"] == "lobench"
