"""Whole commands in a laboratory that takes no time (``tests.support.pretend``): their results can be read, resumed and
reported, identical kernels get no verdict, and a feed without evaluations is announced as one first."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from lobench.workbench.measurement.design import CONTROL
from tests.support.dbn_files import header, records, write
from tests.support.pretend import Command, commands
from tests.support.typed import page, read

pytestmark = pytest.mark.normal


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write(tmp_path / "day.dbn", header(), records(9_000).tobytes())


@pytest.fixture
def unclosed(tmp_path: Path) -> str:
    """A feed of which no record closes an event."""
    made = records(9_000)
    made["flags"] = 0
    return write(tmp_path / "unclosed.dbn", header(), made.tobytes())


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Types a command in a folder of its own."""
    return commands(monkeypatch, tmp_path)


def kept(tmp_path: Path) -> Path:
    (path,) = tmp_path.glob("out/*/result.json")
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("cmp", "p5_memory_pool", "p4_hash_lookup", "day.dbn", "--budget", "40", "--tolerance", "50%"),
        ("measure", "day.dbn", "--variants", "p4_hash_lookup"),
        pytest.param(("measure", "day.dbn", "--precision", "0.01%"), marks=pytest.mark.long),
    ],
    ids=["cmp", "one-variant", "precision"],
)
def test_a_measured_result_is_reported(words: tuple[str, ...], command: Command, feed: str, tmp_path: Path) -> None:
    assert command(*words) == 0
    path = kept(tmp_path)
    (isolated,) = [part["isolated"]["rows"] for part in read(path)["feeds"]]
    # Every sixth process has isolated passes, or every twenty-fourth.
    assert max(row[0] for row in isolated) >= len(isolated) / len(words)
    assert command("report", path) == 0
    assert (path.parent / "report.html").is_file()


@pytest.mark.parametrize("after", [2, 3, 6, 12])
def test_an_interrupted_one_is_reported_and_goes_on(command: Command, feed: str, tmp_path: Path, after: int) -> None:
    assert command("measure", "--precision", "0.5%", "--variants", "p7", feed, interrupt_after=after) == 130
    path = kept(tmp_path)
    before = read(path)
    assert before["status"] == "partial"
    assert page([before]).answer
    assert command("measure", "--resume", path) == 0
    result = read(path)
    assert result["status"] == "complete"
    (kept_before,), (part,) = before["feeds"], result["feeds"]
    rows = kept_before["session"]["samples"]["rows"] if kept_before["session"] else []
    assert part["session"]["complete"]
    assert part["session"]["samples"]["rows"][: len(rows)] == rows
    assert page([result]).answer


def test_resume_keeps_the_original_options(
    command: Command, feed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write(tmp_path / "other.dbn", header(), records(3_000, 1).tobytes())
    (tmp_path / "mine.py").write_text(OWN)
    asked = ("--variants", "p4 mine", "--variants-from", "mine.py", "--budget", "2m", "--precision", "0.5%")
    limits = ("--processes", "12", "--time-limit", "90s", "--tuning", "none")
    assert command("measure", "day.dbn", "--feed", other, *asked, *limits, interrupt_after=6) == 130
    path = kept(tmp_path)
    before = read(path)
    assert before["options"] == {
        "feeds": [["day.dbn"], [str(other)]],
        "variants_from": ["mine.py"],
        "tuning": "none",
        "seconds": 60.0,
        "processes": 12,
        "precision": 0.005,
        "time_limit": 90.0,
    }
    # The command is for people; no code parses it.
    path.write_text(json.dumps({**before, "command": "lobench measure --budget 'never closed"}))
    capsys.readouterr()
    for typed, named in ((["--budget", "9"], "--budget"), ([feed], "FEED"), (["--feed", feed], "--feed")):
        assert command("measure", *typed, "--resume", path) == 2
        assert capsys.readouterr().err.endswith(f"of the interrupted command; leave out {named}\n")
    assert command("measure", "--resume", path) == 0
    result = read(path)
    assert result["options"] == before["options"]
    assert [part["specs"] for part in result["feeds"]] == before["options"]["feeds"]
    assert [entry["name"] for entry in result["variants"]] == ["p0_baseline", "p4_hash_lookup", "mine"]
    for part in result["feeds"]:
        assert part["session"]["complete"]
        assert part["session"]["design"]["until_precision"] == 0.005


def test_sessions_without_kept_options_are_not_resumed(
    command: Command, feed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("measure", "--variants", "p7", feed, interrupt_after=3) == 130
    path = kept(tmp_path)
    before = read(path)
    del before["options"]
    path.write_text(json.dumps(before))
    capsys.readouterr()
    assert command("measure", "--resume", path) == 2
    told = f"lobench: {path}: written before results stored their options, so it cannot be resumed; measure again\n"
    assert capsys.readouterr().err == told
    # It can still be read and reported.
    assert page([read(path)]).answer


def test_one_kernel_in_the_ladder(
    command: Command, feed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("measure", feed) == 0
    shown = capsys.readouterr().out
    (row,) = [line for line in shown.splitlines() if line.startswith("│ p8_profile_guided")]
    assert "the same kernel as p7_cache_layout here" in " ".join(shown.split())
    assert "faster" not in row
    (part,) = read(kept(tmp_path))["feeds"]
    assert part["session"]["same_as"] == {"p8_profile_guided": "p7_cache_layout"}
    # It serves as the second control: only the reference is measured twice.
    assert [name for name in part["session"]["measured"] if "(A/A)" in name] == [CONTROL]
    assert [entry["variant"] for entry in part["analysis"]["noise"]["controls"]] == [CONTROL, "p8_profile_guided"]
    assert command("plan", "score", kept(tmp_path), "--json") == 0
    grades = {entry["phase"]: entry for entry in json.loads(capsys.readouterr().out)["grades"]}
    assert grades[8]["score"] == "open"
    assert grades[8]["notes"] == ["the same kernel as p7_cache_layout here"]


def test_without_an_identical_pair_the_top_stands_there_twice(command: Command, feed: str, tmp_path: Path) -> None:
    assert command("measure", "--variants", "p3_indexed_features p7_cache_layout", feed) == 0
    (part,) = read(kept(tmp_path))["feeds"]
    assert part["session"]["measured"][-2:] == ["p7_cache_layout (A/A)", CONTROL]
    assert [rung["variant"] for rung in part["analysis"]["ladder"]][-1] == "p7_cache_layout"


OWN = "from lobench.variants.p7_cache_layout import VARIANT\n"


@pytest.mark.parametrize(
    ("other", "options"),
    [
        ("p8_profile_guided", ()),
        ("p7_cache_layout,tuning=profiled", ()),
        ("mine", ("--variants-from", "mine.py")),
    ],
)
def test_one_kernel_compared_with_itself(
    other: str,
    options: tuple[str, ...],
    command: Command,
    feed: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    assert command("cmp", "p7", other, feed, *options) == 0
    shown = capsys.readouterr().out
    assert f"verdict       none: {other} is the same kernel as p7_cache_layout here" in shown
    path = kept(tmp_path)
    comparison = read(path)["feeds"][0]["comparison"]
    assert (comparison["verdict"], comparison["regression"]) == (None, False)
    answer = page([read(path)]).answer
    assert f"{other} is the same kernel as p7_cache_layout here" in answer
    assert "gained" not in answer


def test_phases_that_only_differ_beyond_the_stage(command: Command, feed: str, tmp_path: Path) -> None:
    assert command("measure", "--until", "book", feed) == 0
    rungs = {rung["variant"]: rung for rung in read(kept(tmp_path))["feeds"][0]["analysis"]["ladder"]}
    same = {name: rung["same_as"] for name, rung in rungs.items() if rung["same_as"]}
    assert same["p2_snapshot"] == same["p3_indexed_features"] == "p1_zero_copy"
    assert all(rungs[name]["step_verdict"] is None for name in same)
    assert rungs["p7_cache_layout"]["step_verdict"] == "faster"


@pytest.mark.parametrize("verb", ["measure", *(pytest.param(verb, marks=pytest.mark.long) for verb in ("run", "cmp"))])
def test_a_feed_without_evaluations(
    verb: str, command: Command, unclosed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ("p0", "p7") if verb == "cmp" else ()
    assert command(verb, *pair, unclosed, evaluations=0) == 0
    shown, told = capsys.readouterr()
    first = told.splitlines()[0]
    assert first.startswith("lobench: ")
    assert "no record closes an event (flag F_LAST), so nothing is evaluated" in first
    assert "--evaluate every evaluates at each record" in first
    assert shown.startswith("evaluations   none: ")
    assert " faster " not in shown
    path = kept(tmp_path)
    (part,) = read(path)["feeds"]
    for rung in part["analysis"]["ladder"]:
        assert (rung["step_verdict"], rung["total_verdict"]) == (None, None)
        assert rung["score"] in (None, "open")
    assert [part[name] for name in ("factorial", "from_top")] == [None, None]
    answer = page([read(path)]).answer
    assert "no record that closes an event: nothing was evaluated" in answer
    assert "as fast as" not in answer


@pytest.mark.parametrize("options", [("--evaluate", "every"), ("--until", "book")])
def test_the_remedies(
    options: tuple[str, ...], command: Command, unclosed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluations = 9_000 if "every" in options else 0
    assert command("measure", "--variants", "p7_cache_layout", unclosed, *options, evaluations=evaluations) == 0
    assert "no record closes" not in capsys.readouterr().err
    (part,) = read(kept(tmp_path))["feeds"]
    assert part["analysis"]["ladder"][1]["step_verdict"] == "faster"


@pytest.mark.long
def test_the_next_command_is_of_the_same_variants(
    command: Command, feed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next step that a run suggests can be typed as it is, and measures the same as the run."""
    (tmp_path / "my own.py").write_text(OWN)
    asked = ("--variants", "p4 p7", "--variants-from", "my own.py", "--tuning", "none")
    for words, verb in ((asked, ["measure", "--precision", "0.5%"]), ((*asked, "--quick"), ["run"])):
        assert command("run", feed, *words) == 0
        (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("next ")]
        typed = shlex.split(line.removeprefix("next"))
        assert typed == [
            "lobench",
            *verb,
            "--variants",
            "p4 p7",
            "--tuning",
            "none",
            "--variants-from",
            "my own.py",
            str(feed),
        ]
        assert command(*typed[1:]) == 0
        said = capsys.readouterr().out
        assert "p7_cache_layout" in said
