"""`lobench run`: what it prints and keeps, what it does not measure, and interrupts."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli import wrong
from tests.cli.command import COMMAND, environment, lobench, refused
from tests.dbn_files import header, records, write
from workbench.measure import CONTROL
from workbench.measuring import COLUMNS

pytestmark = pytest.mark.xdist_group("run")

FEED = "synth:liquid-future,n=40000"
QUICK = ("run", "--quick", "--budget", "2")
PAIR = ("--variants", "p4_hash_lookup p3_indexed_features")
NAMES = ["p0_baseline", "p3_indexed_features", "p4_hash_lookup"]


def slices_of(result: Any) -> int:
    return math.ceil(result["feed"]["events"] / result["design"]["slice_records"])


def kept(folder: Path) -> Any:
    """The one result.json below ``folder``."""
    (path,) = folder.glob("*/result.json")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What a quick run prints as JSON, and what it keeps."""
    folder = tmp_path_factory.mktemp("quick")
    done = lobench(*QUICK, *PAIR, FEED, "-o", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout), kept(folder)


def test_keeps_everything(quick: tuple[Any, Any]) -> None:
    _, result = quick
    assert (result["schema"], result["schema_version"]) == ("lobench-result", 1)
    assert result["status"] == "complete"
    assert (result["feed"]["specs"], result["feed"]["events"]) == ([FEED], 40_000)
    assert len(result["feed"]["digest"]) == 32
    assert result["command"].startswith("lobench run --quick")
    assert {"cpu", "system", "packages", "python", "numba"} <= set(result["environment"])
    assert result["source_digest"]
    described = {entry["name"]: entry for entry in result["variants"]}
    assert set(described) == set(NAMES)
    assert described["p4_hash_lookup"]["policies"]["lookup"] == "hash"
    assert result["design"]["processes"] == 2
    assert result["design"]["seconds"] == 1
    # The reference was not asked for: it is measured nevertheless, and verified with two workers too.
    pairs = {(entry["variant"], entry["workers"]) for entry in result["verification"]}
    assert pairs == {(name, workers) for name in NAMES for workers in (1, 2)}
    assert all(entry["agrees"] for entry in result["verification"])
    assert len({json.dumps(entry["digests"]) for entry in result["verification"]}) == 1


def test_keeps_raw_samples(quick: tuple[Any, Any]) -> None:
    _, result = quick
    assert result["measured"][-1] == CONTROL
    assert sorted(result["measured"][:-1]) == NAMES
    assert result["disagreeing_after_timed_replay"] == []
    assert result["samples"]["columns"] == ["process", *COLUMNS]
    samples = [dict(zip(result["samples"]["columns"], row, strict=True)) for row in result["samples"]["rows"]]
    assert {sample["process"] for sample in samples} == {0, 1}
    measured, slices = len(result["measured"]), slices_of(result)
    passes = {(sample["process"], sample["pass"]) for sample in samples}
    assert len(samples) == len(passes) * slices * measured
    # Each slice of each pass was measured once with each variant, in some order.
    for name, count in (("variant", measured), ("order", measured)):
        seen = {(sample["process"], sample["pass"], sample["slice"], sample[name]) for sample in samples}
        assert len(seen) == len(samples)
        assert {sample[name] for sample in samples} == set(range(count))
    assert len({(sample["slice"], sample["variant"], sample["order"]) for sample in samples}) > slices * measured
    assert all(sample["wall_ns"] > 0 and sample["cpu_ns"] > 0 for sample in samples)


def test_the_ladder(quick: tuple[Any, Any]) -> None:
    told, result = quick
    assert json.loads(Path(told["result_file"]).read_text()) == result
    printed = {name: value for name, value in told.items() if name != "result_file"}
    assert printed == {name: result[name] for name in printed}
    assert set(result) - set(printed) <= {"schema", "schema_version", "samples"}
    # From the bottom, in whatever order they were named.
    rungs = result["ladder"]
    assert [rung["variant"] for rung in rungs] == NAMES
    assert [rung["base"] for rung in rungs] == [None, *NAMES[:2]]
    assert [rung["prediction"] and rung["prediction"]["phase"] for rung in rungs] == [None, None, 4]
    for rung in rungs:
        speed = rung["events_per_second"]
        assert 0 < speed["low"] <= speed["value"] <= speed["high"]
    words = {"faster", "slower", "no difference shown"}
    for rung in rungs[1:]:
        assert {rung["step_verdict"], rung["total_verdict"]} <= words
        for name in ("step", "total"):
            assert 0 < rung[name]["low"] <= rung[name]["value"] <= rung[name]["high"]
    # The mechanisms that phase 3 leaves out are no matter of noise.
    assert rungs[1]["total_verdict"] == "faster"
    assert result["noise_floor"] > 0


def test_for_a_person(tmp_path: Path) -> None:
    changed = {name: value for name, value in environment(TERM="xterm-256color").items() if name != "NO_COLOR"}
    deep = tmp_path / ("long" * 30) / ("name" * 30)
    command = [*COMMAND, *QUICK, *PAIR, FEED, "-o", str(deep)]
    done = subprocess.run(command, env=changed, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    rows = {line.split()[1]: line for line in lines if line.startswith("│")}
    assert list(rows) == NAMES
    (heading,) = [line for line in lines if "predicted" in line]
    for word in ("variant", "M events/s", "step", "95 % interval", "verdict", "in total"):
        assert word in heading
    assert "1.1x" in rows["p4_hash_lookup"]
    assert " faster " in rows["p3_indexed_features"]
    assert re.search(r" (faster|slower|no difference shown) ", rows["p4_hash_lookup"])
    assert any(line.startswith("anomalies ") for line in lines)
    assert any(line.startswith("noise floor ") for line in lines)
    assert "verification  6 replays agree to the last bit" in lines
    (folder,) = deep.iterdir()
    assert lines[-1] == f"result        {folder / 'result.json'}"


def test_a_wrong_variant_is_not_measured(tmp_path: Path) -> None:
    path = wrong.write_forgetful(tmp_path)
    few = ("--variants", "p4_hash_lookup forgetful", "--variants-from", path)
    done = lobench(*QUICK, *few, wrong.FEED, "-o", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    record = wrong.mistake().record
    assert f"first difference: event {record} (" in done.stdout
    lines = done.stdout.splitlines()
    assert "verification  FAILED for forgetful: not measured" in lines
    heading = next(place for place, line in enumerate(lines) if "M events/s" in line)
    assert not any(line.startswith("│ forgetful") for line in lines[heading:])
    assert any(line.startswith("│ p4_hash_lookup") for line in lines[heading:])

    result = kept(tmp_path / "out")
    assert result["status"] == "complete"
    assert result["measured"] == ["p0_baseline", "p4_hash_lookup", CONTROL]
    assert [rung["variant"] for rung in result["ladder"]] == ["p0_baseline", "p4_hash_lookup"]
    refuted = [entry for entry in result["verification"] if not entry["agrees"]]
    assert [(entry["variant"], entry["workers"]) for entry in refuted] == [("forgetful", 1), ("forgetful", 2)]
    assert {entry["difference"]["record"] for entry in refuted} == {record}


def measuring(folder: Path) -> subprocess.Popen[str]:
    """A long run that has kept samples."""
    command = [*COMMAND, "run", "--budget", "300", *PAIR, FEED, "-o", str(folder)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        for path in folder.glob("*/result.json"):
            if json.loads(path.read_text())["samples"]["rows"]:
                return process
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"measured nothing: {process.communicate(timeout=10)}")


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_an_interrupt_keeps_what_was_measured(tmp_path: Path, number: signal.Signals, word: str) -> None:
    process = measuring(tmp_path)
    helpers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    said, problem = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said == ""
    (path,) = tmp_path.glob("*/result.json")
    first, last = problem.splitlines()
    assert last == f"lobench: {word}"
    result = json.loads(path.read_text())
    assert first == f"stopped; the {len(result['samples']['rows']):,} samples measured so far are kept in {path}"
    assert result["status"] == "partial"
    assert len(result["samples"]["rows"]) >= slices_of(result) * len(result["measured"])
    assert [entry.name for entry in path.parent.iterdir()] == ["result.json"]
    assert len(helpers) == 1
    assert psutil.wait_procs(helpers, timeout=10)[1] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "file"], "file: cannot write results there: Not a directory; choose another place with -o"),
        (["-o", "file/below"], "file/below: cannot write results there: Not a directory; choose another"),
        (["--processes", "0"], "--processes and --budget must be positive"),
        (["--processes", "-1"], "--processes and --budget must be positive"),
        (["--budget", "0"], "--processes and --budget must be positive"),
        (["--budget", "-2"], "--processes and --budget must be positive"),
        (["--budget", "nan"], "--processes and --budget must be positive"),
        (["--budget", "inf"], "--processes and --budget must be positive"),
        (["--variants", "p9_nothing"], "no variant named 'p9_nothing'"),
        (["--variants-from", "none.py"], "none.py: No such file or directory"),
    ],
)
def test_refuses_before_any_work(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "file").write_text("mine")
    # A feed this long would take minutes to make.
    line = refused(2, "run", "synth:liquid-future,n=100000000", *arguments, folder=tmp_path)
    assert line.startswith(f"lobench: {said}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_feeds_that_cannot_be_measured(tmp_path: Path) -> None:
    assert "none.dbn: no such file" in refused(3, "run", tmp_path / "none.dbn", "-o", tmp_path / "out")
    cut = write(tmp_path / "cut.dbn", header(), records(100).tobytes()[:-1])
    assert f"{cut}: byte " in refused(3, "run", cut, "-o", tmp_path / "out")
    empty = write(tmp_path / "empty.dbn", header())
    assert "no events to measure" in refused(2, "run", empty, "-o", tmp_path / "out")


def test_help() -> None:
    done = lobench("--help")
    assert done.returncode == 0
    for verb in ("run", "replay", "verify", "variants", "generate", "env"):
        assert re.search(rf"^    {verb} +\w", done.stdout, re.MULTILINE)
    done = lobench("run", "--help")
    assert done.returncode == 0
    for option in ("--variants", "--variants-from", "--quick", "--budget", "--processes", "--evaluate", "-o", "--json"):
        assert option in done.stdout


def test_help_needs_no_compiler() -> None:
    for arguments in (["--help"], ["run", "--help"], ["verify", "--help"]):
        command = [COMMAND[0], "-X", "importtime", *COMMAND[1:], *arguments]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "workbench.cli" in imported
        assert not imported & {"numba", "llvmlite", "numpy", "pyarrow", "rich"}
