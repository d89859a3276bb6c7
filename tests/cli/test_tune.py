"""`lobench tune`: output, files, their use by other verbs, refusals, interrupts. Never which setting is faster."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lobench.variants.p7_cache_layout.parameters import DEFAULTS, NAMES
from lobench.workbench.tuning.files import read, write
from tests.support.command import COMMAND, answer, complaints, environment, lobench, refused
from tests.support.paths import ROOT
from tests.support.typed import read as read_result

pytestmark = pytest.mark.xdist_group("tune")

FEED = "synth:liquid-future,n=20000"
OTHER = "synth:liquid-future,n=20000,seed=2"
P8 = "p8_profile_guided"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder with a tuning that differs from the defaults, and the output of `tune --json`."""
    folder = tmp_path_factory.mktemp("tunings")
    done = subprocess.run(
        [*COMMAND, "tune", FEED, "--budget", "4s", "--json"],
        env=environment(LOBENCH_TUNING_DIR=str(folder)),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, complaints(done)) == (0, "")
    told = json.loads(done.stdout)
    # Whichever was faster on this machine: the rest of the test needs parameters that differ from the defaults.
    path = Path(told["tuning_file"])
    tuning = read(path)
    changed = {**tuning.parameters.as_json(), "distance": 4}
    write(path, type(tuning)(**{**vars(tuning), "parameters": type(DEFAULTS).of(changed)}))
    return folder, told


@pytest.fixture
def folder(tuned: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands of a test look for tunings."""
    monkeypatch.setenv("LOBENCH_TUNING_DIR", str(tuned[0]))
    return tuned[0]


def test_json_names_file_feed_and_halves(tuned: tuple[Path, Any]) -> None:
    folder, told = tuned
    (path,) = folder.iterdir()
    assert told["tuning_file"] == str(path)
    assert told["feed"]["name"] == FEED
    assert path.name.endswith(f"-{told['feed']['digest']}.toml")
    assert (told["half"], told["other_half"], told["complete"]) == ("first", "second", True)
    assert list(told["parameters"]) == list(told["best"]) == list(NAMES)
    assert told["tuned"] == (told["parameters"] != DEFAULTS.as_json())
    assert {entry["group"] for entry in told["tried"]} == {"looking ahead", "order of records", "order table", "levels"}
    for entry in told["tried"]:
        assert 0 < entry["gain"]["low"] <= entry["gain"]["value"] <= entry["gain"]["high"]
        assert set(entry["changes"]) <= set(NAMES)
    assert (told["other"] is None) == (told["best"] == DEFAULTS.as_json())
    traits = told["traits"]
    assert (traits["events"], traits["books"], traits["tick"]) == (10_000, 1, 250_000_000)
    assert sum(traits["actions"].values()) == pytest.approx(1)


def test_the_tuning_file_holds_parameters_and_facts(tuned: tuple[Path, Any]) -> None:
    _, told = tuned
    tuning = read(told["tuning_file"])
    assert (tuning.feed, tuning.digest, tuning.confirmed) == (FEED, told["feed"]["digest"], True)
    assert tuning.facts["feed"]["live_orders"] == told["traits"]["live_orders"]
    assert tuning.facts["feed"]["half"] == "first"
    assert {"date", "version", "source_digest", "machine_digest", "cpu"} <= set(tuning.facts["made"])
    assert ("gain" in tuning.facts) == (told["other"] is not None)


@pytest.mark.long
def test_replay_finds_it(folder: Path) -> None:
    (path,) = folder.iterdir()
    found = answer("replay", FEED)
    assert found["tuning"]["profile"] == path.name
    assert found["tuning"]["parameters"]["distance"] == 4
    named = answer("replay", OTHER, "--tuning", path)
    assert named["tuning"] == found["tuning"]
    assert answer("replay", FEED, "--tuning", "none")["tuning"] is None
    assert answer("replay", OTHER)["tuning"] is None
    assert answer("replay", FEED, "--variant", "p7_cache_layout")["tuning"] is None
    plain = answer("replay", FEED, "--variant", "p7_cache_layout")
    assert plain["digests"] == found["digests"]
    assert f"tuning       {path.name}" in lobench("replay", FEED).stdout.splitlines()


def test_verify_takes_it(folder: Path) -> None:
    told = answer("verify", FEED, "--variants", f"p4_hash_lookup {P8}", "--workers", "1,2")
    assert told["agree"]
    assert told["tuning"]["parameters"]["distance"] == 4


@pytest.mark.long
def test_measurements_keep_it(folder: Path, tmp_path: Path) -> None:
    (tuning,) = folder.iterdir()
    words = ("--budget", "3", "--processes", 2, "-o")
    done = lobench("cmp", "p7_cache_layout", P8, FEED, *words, tmp_path / "cmp")
    assert done.returncode in (0, 1), done.stderr
    assert f"tuning        {tuning.name}" in done.stdout.splitlines()
    lobench("measure", OTHER, "--variants", P8, "--tuning", tuning, *words, tmp_path / "named")
    lobench("measure", FEED, "--variants", P8, "--tuning", "none", *words, tmp_path / "none")
    kept = {}
    for name in ("cmp", "named", "none"):
        (path,) = (tmp_path / name).glob("*/result.json")
        (feed,) = read_result(path)["feeds"]
        assert feed["session"]["disagreeing"] == []
        kept[name] = feed["tuning"]
    assert kept["cmp"] == kept["named"]
    assert kept["cmp"]["parameters"]["distance"] == 4
    assert kept["none"] is None


@pytest.mark.long
def test_run_takes_it_beside_its_profilers(folder: Path, tmp_path: Path) -> None:
    (tuning,) = folder.iterdir()
    told = answer(
        *("run", "--quick", "--budget", "3", "--processes", 2, "--variants", P8, OTHER, "--tuning", tuning),
        *("-o", tmp_path),
    )
    assert told["feeds"][0]["tuning"]["profile"] == tuning.name


@pytest.mark.long
def test_output_without_json(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    done = lobench("tune", FEED, "--budget", "3", "--half", "second", "-o", path)
    assert (done.returncode, complaints(done)) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"feed          {FEED}"
    assert any(line.startswith("second half   10,000 events (A ") for line in lines)
    assert any(line.startswith("parameters    ") for line in lines)
    assert lines[-1] == f"tuning        {path}"
    assert read(path).facts["feed"]["half"] == "second"


def test_refused(tmp_path: Path, folder: Path) -> None:
    assert "too few to tune on" in refused(2, "tune", "synth:liquid-future,n=999")
    assert "is not a duration" in refused(2, "tune", FEED, "--budget", "soon")
    (tmp_path / "file").write_text("")
    assert "no tuning can be written there" in refused(2, "tune", FEED, "-o", tmp_path / "file" / "below")
    assert "no tuning can be written there" in refused(2, "tune", FEED, "-o", tmp_path)
    assert "nothing.dbn" in refused(3, "tune", "nothing.dbn", folder=tmp_path)
    path = tmp_path / "bad.toml"
    path.write_text("format = 1\nconfirmed = true\ndistance = 3\n")
    for words in (("replay", FEED), ("verify", FEED), ("measure", FEED), ("cmp", "p7_cache_layout", P8, FEED)):
        line = refused(3, *words, "--tuning", path, folder=tmp_path)
        assert f"{path}: 'distance' is not a field" in line
    assert "No such file" in refused(2, "run", "--quick", FEED, "--tuning", "nothing.toml", folder=tmp_path)
    line = refused(2, "replay", FEED, "--variant", "p7_cache_layout", "--tuning", path)
    assert "no variant here takes a tuning" in line
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.is_file()) == ["bad.toml", "file"]


def tuning(path: Path, *words: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A `tune` that would take long, and a process of its that measures."""
    process = subprocess.Popen(
        [*COMMAND, "tune", FEED, "--budget", "600", "-o", str(path), *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if "lobench.workbench.measurement.worker" in child.cmdline():
                    return process, child
        time.sleep(0.1)
    raise AssertionError(process.communicate(timeout=60))


@pytest.mark.long
@pytest.mark.usefixtures("tuned")
def test_an_interrupt_keeps_the_best_parameters_unconfirmed(tmp_path: Path) -> None:
    path = tmp_path / "kept.toml"
    process, _ = tuning(path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    kept, last = err.splitlines()
    assert last == "lobench: interrupted"
    assert "unconfirmed" in kept
    assert not read(path).confirmed


@pytest.mark.long
@pytest.mark.usefixtures("tuned")
@pytest.mark.parametrize("words", [(), ("--json",)], ids=["told", "json"])
def test_a_worker_that_is_killed_costs_nothing_that_is_known(tmp_path: Path, words: tuple[str, ...]) -> None:
    """As the system does it where memory runs out."""
    path = tmp_path / "kept.toml"
    process, worker = tuning(path, *words)
    worker.kill()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1
    kept, last = err.splitlines()
    assert last == "lobench: a measuring process was killed by SIGKILL (out of memory?)"
    assert f"the best so far is saved in {path}, unconfirmed" in kept
    assert not read(path).confirmed
    if words:
        assert json.loads(out)["complete"] is False
    else:
        assert "unconfirmed" in next(line for line in out.splitlines() if line.startswith("parameters"))


@pytest.mark.long
@pytest.mark.usefixtures("tuned")
def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    process, worker = tuning(tmp_path / "kept.toml")
    process.kill()
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs([worker], timeout=60)
    assert alive == []


@pytest.mark.long
@pytest.mark.usefixtures("tuned")
def test_workers_run_no_foreign_code(tmp_path: Path) -> None:
    """Folders and files of lobench's and the standard library's names lie where it is started, and on PYTHONPATH."""
    foreign = tmp_path / "foreign"
    for name in ("engine", "variants", "reports"):
        (foreign / name).mkdir(parents=True)
        (foreign / name / "__init__.py").write_text("raise SystemExit('foreign code was run')")
    here = tmp_path / "here"
    here.mkdir()
    for name in ("queue.py", "workbench.py", "engine.py", "numba.py"):
        (here / name).write_text("raise SystemExit('foreign code was run')")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lobench", "tune", FEED, "--budget", "2", "-o", "made.toml"],
        cwd=here,
        env=environment(PYTHONPATH=f"{foreign}:{ROOT}"),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, complaints(done)) == (0, "")
    assert read(here / "made.toml").confirmed
