"""Ladder files: their meaning, and refusals that name file and key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.ladder.file import DEFAULT_FEED, read_file
from lobench.workbench.ladder.template import TEMPLATE
from lobench.workbench.plan import LedgerError, record
from lobench.workbench.results.model.ladder import Prediction

pytestmark = pytest.mark.fast

WHOLE = """
name = "Fewer allocations"
reference = "second"
feed = ["day.dbn", "/data/night.dbn"]

[[step]]
variant = "./first.py"

[[step]]
variant = "parts/second.py"
title = "the second"

[[step]]
variant = "lookup=hash"

[[prediction]]
step = "lookup=hash"
bottleneck = "walks"
gain = [1.1, 1.4]
source = "a guess"
date = 2026-11-01

[[prediction]]
phase = 1
bottleneck = "copies"
gain = [2, 2]
source = "a guess"
date = 2026-11-02
feed = {name = "a day", digest = "ab"}
"""
PREDICTION = '[[prediction]]\nbottleneck = "b"\ngain = [1.1, 1.2]\nsource = "s"\ndate = 2026-11-01\n'
STEPS = 'name = "n"\n[[step]]\nvariant = "p3"\n[[step]]\nvariant = "./first.py"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    for name in ("first.py", "parts/second.py", "parts/first.py"):
        (tmp_path / name).touch()
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "ladder.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(folder: Path) -> None:
    found = read_file(written(folder, WHOLE))
    assert (found.name, found.reference) == ("Fewer allocations", "second")
    assert found.keys == ("first", "second", "lookup=hash")
    assert [step.file for step in found.steps] == [str(folder / "first.py"), str(folder / "parts/second.py"), None]
    assert [step.title for step in found.steps] == [None, "the second", None]
    # Paths are relative to the ladder's folder, not the working folder.
    assert found.feed == (str(folder / "day.dbn"), "/data/night.dbn")
    assert [(entry.phase, entry.low, entry.high, entry.feed) for entry in found.predictions] == [
        (2, 1.1, 1.4, None),
        (1, 2.0, 2.0, ("a day", "ab")),
    ]
    assert found.ledger == found.path


def test_optional_keys_have_defaults(folder: Path) -> None:
    found = read_file(written(folder, 'name = "n"\n[[step]]\nvariant = "p4"\n'))
    assert (found.reference, found.feed, found.predictions) == ("p4", (DEFAULT_FEED,), ())


def test_a_ledger_numbers_the_steps_and_may_go_beyond_them(folder: Path) -> None:
    (folder / "plan.toml").write_text(PREDICTION.replace("]]\n", "]]\nphase = 7\n"))
    found = read_file(written(folder, f'ledger = "plan.toml"\n{STEPS}'))
    assert [entry.phase for entry in found.predictions] == [7]
    assert (found.ledger, found.named_in_ledger) == (folder / "plan.toml", ())
    (folder / "plan.toml").write_text("prediction = 5")
    with pytest.raises(LedgerError, match=r"plan\.toml: predictions are tables"):
        read_file(written(folder, f'ledger = "plan.toml"\n{STEPS}'))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = ", "not TOML: "),
        ("", "step: a ladder needs steps, tables that begin with [[step]]"),
        ("step = 5", "step: a ladder needs steps"),
        ("step = []", "step: a ladder needs steps"),
        ('[[step]]\nvariant = "p4"', "name: is missing"),
        ('name = 5\n[[step]]\nvariant = "p4"', "name: must be a text, was 5"),
        ('name = " "\n[[step]]\nvariant = "p4"', "name: must be a text, was ' '"),
        ('name = "n"\n[[step]]\ntitle = "t"', "step 1: variant: is missing"),
        ('name = "n"\n[[step]]\nvariant = 4', "step 1: variant: must be a text, was 4"),
        ('name = "n"\n[[step]]\nvariant = "p4"\ntitle = ["t"]', "step 1: title: must be a text"),
        (f'{STEPS}engine = "x"', "step 2: engine: not known. Use any of variant, title"),
        (f"{STEPS}[made]", "made: not known. Use any of name, reference, feed, ledger, steps, step, prediction"),
        (f'{STEPS}[[step]]\nvariant = "p3"', "step 3: variant: step 'p3' already exists"),
        (f'{STEPS}[[step]]\nvariant = "parts/first.py"', "step 3: variant: step 'first' already exists"),
        (f'{STEPS}[[step]]\nvariant = "none.py"', "step 3: variant: no file '"),
        (f'{STEPS}[[step]]\nvariant = "./parts"', "step 3: variant: no file '"),
        (f'reference = "p4"\n{STEPS}', "reference: 'p4' is not a step. Use any of p3, first"),
        (f"reference = 0\n{STEPS}", "reference: must be a text, was 0"),
        (f"feed = 5\n{STEPS}", "feed: must be a text, or a list of several"),
        (f"feed = []\n{STEPS}", "feed: must be a text, or a list of several"),
        (f'feed = [""]\n{STEPS}', "feed: must be a text, or a list of several"),
        (f'steps = "phases"\n{STEPS}', "step: lobench's own phases are the steps"),
        ('name = "n"\nsteps = ["p4"]', "steps: 'phases' takes lobench's own phases"),
        ('name = "n"\nsteps = "phases"', "reference: is missing"),
        (f'ledger = "plan.toml"\n{STEPS}{PREDICTION}', "ledger: the file itself holds predictions"),
        (f"ledger = 5\n{STEPS}", "ledger: must be a text, was 5"),
        (f"{STEPS}{PREDICTION}", "prediction 1: phase must be a number from 1, was None"),
        (f'{STEPS}{PREDICTION}step = "p4"', "prediction 1: step must be one of first, was 'p4'"),
        (f'{STEPS}{PREDICTION}step = "p3"', "was 'p3': p3 is the first, which no step leads to"),
        (f"{STEPS}{PREDICTION}step = 1", "prediction 1: step must be one of first, was 1"),
        (f"{STEPS}{PREDICTION}phase = 2", "prediction 1: phase 2 is not a step of this ladder, whose last is 1, first"),
        (f'{STEPS}{PREDICTION}step = "first"\nphase = 1', "prediction 1: step and phase mean the same"),
        (f'{STEPS}{PREDICTION}step = "first"\ngains = [1, 2]', "prediction 1: gains: not known. Use any of"),
        (f'{STEPS}{PREDICTION}step = "first"\nspeedup = "x"', "prediction 1: speedup must be a number"),
        (f'{STEPS}{PREDICTION.replace("1.1,", "0,")}step = "first"', "prediction 1: gain must be above 0"),
        (f'{STEPS}{PREDICTION}step = "first"\n{PREDICTION}phase = 1', "prediction 2: first already has a prediction"),
        (f"{STEPS}prediction = 5".replace("[[step]]", "[[step]]", 1), "step 2: prediction: not known"),
        (f"prediction = 5\n{STEPS}", "predictions are tables that begin with [[prediction]]"),
    ],
)
def test_wrong_files_are_refused(text: str, expected: str, folder: Path) -> None:
    path = written(folder, text)
    with pytest.raises(UsageError) as refusal:
        read_file(path)
    said = str(refusal.value)
    assert said.startswith(f"{path}: ")
    assert expected in said
    assert refusal.value.exit_code == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--ladder takes a file"):
        read_file(tmp_path / "none.toml")
    (tmp_path / "ladder.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UsageError, match=r"ladder\.toml: not TOML"):
        read_file(tmp_path / "ladder.toml")


def test_the_template_names_every_key(tmp_path: Path) -> None:
    path = written(tmp_path, TEMPLATE)
    assert [step.key for step in read_file(path).steps] == ["p3", "p4"]
    # The examples in comments are valid, too.
    commented = [line.removeprefix("# ") for line in TEMPLATE.splitlines() if re.match(r"# \w+ = ", line)]
    keys = {key for line in commented for key in tomllib.loads(line)}
    assert keys == {"reference", "before", "after", "throughput", "feed", "ledger"}


def test_a_prediction_is_written_by_the_name_of_its_step(folder: Path) -> None:
    path = written(folder, STEPS)
    made = Prediction(phase=1, bottleneck="walks", low=1.0, high=1.5, source="a share", date="2026-11-22")
    record(path, made, steps=read_file(path).named_in_ledger)
    assert 'step = "first"' in path.read_text()
    assert STEPS in path.read_text()
    assert read_file(path).predictions == (made,)
    with pytest.raises(UsageError, match="already has a prediction"):
        record(path, made, steps=read_file(path).named_in_ledger)
