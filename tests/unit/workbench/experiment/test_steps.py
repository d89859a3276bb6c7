"""The steps of an experiment: their order is checked, each adds its declared fields, and a user's own take part."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.cli import main
from lobench.workbench.experiment.own import load_steps
from lobench.workbench.experiment.step import in_order
from lobench.workbench.experiment.steps import ALL
from lobench.workbench.results.model.document import FeedResult, Result
from tests.support.dbn_files import header, records, write
from tests.support.pretend import Laboratory
from tests.support.typed import read

STEPS = {step.name: step for step in ALL}

OWN = """
from lobench import Step

def run(experiment, advance):
    {body}

STEP = Step(name={name!r}, title="of my own", run=run, needs={needs!r})
"""


def written(folder: Path, body: str, *, name: str = "mine", needs: tuple[str, ...] = ("ladder",)) -> Path:
    path = folder / f"{name}.py"
    path.write_text(OWN.format(body=body, name=name, needs=needs))
    return path


def test_the_ladder_comes_before_independent_steps() -> None:
    names = list(STEPS)
    assert names[:3] == ["verification", "session", "ladder"]
    # Kernels that the ladder does not need are compiled after it.
    assert {"counters", "from_top", "factorial"} < set(names[3:])


def test_every_addition_has_a_place_in_the_document() -> None:
    places = {*FeedResult.__dataclass_fields__, *Result.__dataclass_fields__}
    for step in ALL:
        assert step.adds
        assert set(step.adds) <= places


def test_a_step_before_its_needs_is_refused() -> None:
    verification, session = STEPS["verification"], STEPS["session"]
    assert in_order([verification, session]) == (verification, session)
    with pytest.raises(UsageError, match="'session' needs 'verification', and the steps before it are none"):
        in_order([session, verification])
    with pytest.raises(UsageError, match="two steps are named 'verification'"):
        in_order([verification, replace(session, name="verification")])


def test_a_step_has_a_name_and_a_title() -> None:
    wrongs: tuple[dict[str, Any], ...] = ({"name": ""}, {"title": ""}, {"title": " "})
    for wrong in wrongs:
        with pytest.raises(UsageError, match="is a text, not"):
            replace(STEPS["session"], **wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "defines no STEP"), ("STEP = 5", "defines no STEP"), ("import nothing_there", "ModuleNotFoundError")],
)
def test_files_without_a_step_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "step.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        load_steps([str(path)])
    with pytest.raises(UsageError, match="No such file"):
        load_steps([str(tmp_path / "none.py")])


Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Types a command, in a laboratory that takes no time, in a folder with a small feed."""
    monkeypatch.setenv("LOBENCH_TUNING_DIR", os.devnull)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "day.dbn", header(), records(9_000).tobytes())

    def typed(*words: object, **ways: Any) -> int:
        Laboratory(**ways).install(monkeypatch)
        line = ["run", "day.dbn", *map(str, words)]
        monkeypatch.setattr(sys, "argv", ["lobench", *line])
        return main(line)

    return typed


def kept(folder: Path) -> Any:
    (path,) = folder.glob("out/*/result.json")
    return read(path)


@pytest.mark.normal
class TestOfTheUser:
    def test_a_users_steps_result_is_kept(
        self, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        body = "return {'rungs': len(experiment.content.analysis.ladder), 'events': experiment.feed.count}"
        assert command("--quick", "--steps-from", written(tmp_path, body)) == 0
        result = kept(tmp_path)
        assert result["status"] == "complete"
        (feed,) = result["feeds"]
        rungs = len(feed["analysis"]["ladder"])
        assert feed["added"] == {
            "mine": {"title": "of my own", "result": {"rungs": rungs, "events": 9_000}, "problem": None}
        }
        assert f"mine          rungs {rungs}, events 9000\n" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ("raise KeyError('spread')", "KeyError: 'spread'"),
            pytest.param("return float('nan')", "ValueError: ", marks=pytest.mark.long),
            pytest.param("return {1, 2}", "TypeError: ", marks=pytest.mark.long),
        ],
    )
    def test_a_failing_step_leaves_the_others_intact(
        self, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str, problem: str
    ) -> None:
        more = written(tmp_path, "return 7", name="another")
        assert command("--quick", "--steps-from", written(tmp_path, body), "--steps-from", more) == 0
        (feed,) = kept(tmp_path)["feeds"]
        assert feed["added"]["mine"]["result"] is None
        assert feed["added"]["mine"]["problem"].startswith(problem)
        assert feed["added"]["another"]["result"] == 7
        assert "lobench: the step mine failed: " + problem in capsys.readouterr().err

    @pytest.mark.parametrize("asked", ["wanted", pytest.param("seconds", marks=pytest.mark.long)])
    def test_a_step_with_broken_conditions_leaves_the_others_intact(
        self, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str
    ) -> None:
        more = written(tmp_path, "return 7", name="another", needs=("mine",))
        own = written(tmp_path, "return 5")
        own.write_text(own.read_text().replace("run=run,", f"run=run, {asked}=lambda it: it.nothing,"))
        assert command("--quick", "--steps-from", own, "--steps-from", more) == 0
        (feed,) = kept(tmp_path)["feeds"]
        err = capsys.readouterr().err
        assert "AttributeError: " in err
        if asked == "wanted":
            assert feed["added"]["mine"]["problem"].startswith("AttributeError: ")
            assert "the step another is left out: there is no mine in this run" in err
        else:
            assert [feed["added"][name]["result"] for name in ("mine", "another")] == [5, 7]

    def test_a_step_without_its_needs_is_not_called(
        self, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        own = written(tmp_path, "return 5", needs=("factorial",))
        own.write_text(own.read_text().replace("run=run,", "run=run, wanted=lambda it: it.content.factorial.variants,"))
        assert command("--quick", "--steps-from", own) == 0
        assert "there is no factorial in this run" in capsys.readouterr().err

    def test_a_step_that_needs_a_missing_part_is_left_out(
        self, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        own = written(tmp_path, "return 7", needs=("factorial",))
        assert command("--quick", "--steps-from", own) == 0
        (feed,) = kept(tmp_path)["feeds"]
        assert "added" not in feed
        assert "the step mine is left out: there is no factorial in this run" in capsys.readouterr().err
        unknown = written(tmp_path, "return 7", name="other", needs=("nothing",))
        assert command("--steps-from", unknown) == 2
        assert "the step 'other' needs 'nothing'" in capsys.readouterr().err


@pytest.mark.normal
def test_the_ladder_is_printed_before_later_steps(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output about counting mechanisms."""
    from lobench.workbench.measurement import counters

    said: list[str] = []
    assert command("--quick") == 0
    capsys.readouterr()

    def count(loaded: Any, variants: Any, workload: Any) -> Any:
        said.append(capsys.readouterr().out)
        return {one.name: {} for one in variants}, {}

    install = Laboratory.install

    def installed(self: Laboratory, patch: pytest.MonkeyPatch) -> None:
        install(self, patch)
        patch.setattr(counters, "count", count)

    monkeypatch.setattr(Laboratory, "install", installed)
    assert command("--quick") == 0
    (before,) = said
    assert "M events/s" in before
    assert "to come       limits of the machine: 1 s of measuring; mechanism counters: without a time limit" in before
    assert "report        " not in before
    assert "report        " in capsys.readouterr().out
