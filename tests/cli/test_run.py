"""`lobench run`: output, result, parts that are not measured, and interrupts."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from lobench.variants import discover, from_top
from lobench.workbench.console import PLAIN
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.measurement.session import SESSION_COLUMNS
from tests.support import wrong
from tests.support.command import COMMAND, complaints, environment, lobench, refused
from tests.support.dbn_files import header, records, write
from tests.support.typed import read

pytestmark = pytest.mark.xdist_group("run")

FEED = "synth:liquid-future,n=40000"
QUICK = ("run", "--quick", "--budget", "6", "--processes", "2")
PAIR = ("--variants", "p4_hash_lookup p3_indexed_features")
NAMES = ["p0_baseline", "p3_indexed_features", "p4_hash_lookup"]


def kept(folder: Path) -> Any:
    """The one result.json below ``folder``, valid."""
    (path,) = folder.glob("*/result.json")
    return read(path)


def samples_of(part: Any) -> list[dict[str, int]]:
    return [dict(zip(part["columns"], row, strict=True)) for row in part["rows"]]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The JSON output of a quick run, and its result."""
    folder = tmp_path_factory.mktemp("quick")
    done = lobench(*QUICK, *PAIR, FEED, "-o", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert complaints(done) == ""
    return json.loads(done.stdout), kept(folder)


def test_keeps_everything(quick: tuple[Any, Any]) -> None:
    _, result = quick
    assert (result["kind"], result["status"]) == ("run", "complete")
    (feed,) = result["feeds"]
    assert (feed["specs"], feed["events"]) == ([FEED], 40_000)
    assert result["command"].startswith("lobench run --quick")
    described = {entry["name"]: entry for entry in result["variants"]}
    assert set(described) == set(NAMES)
    assert described["p4_hash_lookup"]["policies"]["lookup"] == "hash"
    assert len({entry["source_digest"] for entry in described.values()}) == 3
    design = feed["session"]["design"]
    assert (design["processes"], design["seconds"]) == (2, 3)
    assert design["pinned"] == hasattr(os, "sched_setaffinity")
    assert 0 < design["lead_in_records"] <= design["slice_records"] / 2
    # The reference was not asked for, but is measured, and verified with two workers, too.
    pairs = {(entry["name"], entry["workers"]) for entry in feed["verification"]}
    assert pairs == {(name, workers) for name in NAMES for workers in (1, 2)}
    assert all(entry["agrees"] and entry["difference"] is None for entry in feed["verification"])
    assert len({json.dumps(entry["digests"]) for entry in feed["verification"]}) == 1
    assert set(feed["counters"]) == set(NAMES)
    assert feed["counters"]["p0_baseline"]["locks_taken"] > 0 == feed["counters"]["p4_hash_lookup"]["locks_taken"]
    assert feed["limits"]["sequential_read"]["bytes"] == 40_000 * 56
    assert [feed["factorial"], feed["scaling"], feed["at_once"], result["sweep"]] == [None] * 4


def test_keeps_raw_samples(quick: tuple[Any, Any]) -> None:
    _, result = quick
    (feed,) = result["feeds"]
    session = feed["session"]
    assert session["complete"]
    assert session["measured"] == feed["isolated"]["names"]
    assert session["measured"][:3] == NAMES
    assert session["measured"][-1] == CONTROL
    count = len(session["measured"])
    assert session["disagreeing"] == []
    slices = math.ceil(session["events"] / session["design"]["slice_records"])
    for part in (session["samples"], feed["isolated"]):
        assert tuple(part["columns"]) == SESSION_COLUMNS
        samples = samples_of(part)
        assert {sample["process"] for sample in samples} == {0, 1}
        passes = {(sample["process"], sample["pass"]) for sample in samples}
        assert len(samples) == len(passes) * slices * count
        # Each slice of each pass was measured once with each variant, in some order.
        for name in ("variant", "order"):
            seen = {(sample["process"], sample["pass"], sample["slice"], sample[name]) for sample in samples}
            assert len(seen) == len(samples)
            assert {sample[name] for sample in samples} == set(range(count))
        assert all(sample["wall_ns"] > 0 and sample["cpu_ns"] > 0 for sample in samples)
    # One isolated pass per process; in lock-step as many as time allowed.
    assert len(samples_of(feed["isolated"])) == 2 * slices * count


def test_the_ladder(quick: tuple[Any, Any]) -> None:
    told, result = quick
    assert read(told["result_file"]) == result
    page = Path(told["report_file"])
    assert page.parent == Path(told["result_file"]).parent
    assert "p4_hash_lookup" in page.read_text()
    (feed,), (printed,) = result["feeds"], told["feeds"]
    assert printed["analysis"] == feed["analysis"]
    assert "rows" not in json.dumps(told)
    # From the bottom up, whatever the order on the command line.
    rungs = feed["analysis"]["ladder"]
    assert [rung["variant"] for rung in rungs] == NAMES
    assert [rung["base"] for rung in rungs] == [None, *NAMES[:2]]
    # The gain of phase 3 is far beyond the noise.
    assert rungs[1]["total"]["value"] > 2
    assert [entry["variant"] for entry in feed["analysis"]["bias"]][:3] == NAMES
    assert {limit["name"] for limit in feed["analysis"]["limits"]} == {"sequential read", "random access"}


@pytest.mark.long
def test_run_measures_every_part(tmp_path: Path) -> None:
    feed = "synth:equity-universe,n=30000"
    done = lobench("run", "--budget", "4", "--processes", "2", feed, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "coarse" not in done.stdout
    result = kept(tmp_path)
    (part,) = result["feeds"]
    ladder = list(discover())
    assert part["session"]["measured"] == [*ladder, CONTROL]
    factorial = part["factorial"]
    # The last and fastest combination is measured twice.
    assert len(factorial["measured"]) == 18
    assert (factorial["measured"][0], factorial["measured"][-1]) == ("p0_baseline", CONTROL)
    assert factorial["measured"][-2] == f"{factorial['measured'][-3]} (A/A)"
    assert factorial["events"] == 30_000
    assert factorial["disagreeing"] == []
    assert {row["variant"] for row in samples_of(factorial["samples"])} == set(range(18))
    top, *without = from_top(discover())
    beside = part["from_top"]
    assert beside["measured"] == [top.name, *(variant.name for variant in without), f"{top.name} (A/A)"]
    assert (beside["events"], beside["disagreeing"]) == (30_000, [])
    verified = {(entry["name"], entry["workers"]) for entry in part["verification"]}
    assert verified >= {(variant.name, workers) for variant in without for workers in (1, 2)}
    said = part["analysis"]["from_top"]
    # Never tuned: with and without its parameters the top is the same kernel.
    same = f"{top.name},tuning=fixed"
    assert beside["same_as"] == {same: top.name}
    others = [variant.name for variant in without if variant.name != same]
    assert [entry["variant"] for entry in said["axes"] if entry["ratio"]] == others
    assert f"without       {said['axes'][0]['axis']} of phase 1: {top.name} is " in done.stdout
    assert part["scaling"]["names"] == part["session"]["measured"][:-1]
    scaled = samples_of(part["scaling"])
    assert {(row["variant"], row["workers"]) for row in scaled} >= {
        (name, count) for name in range(len(ladder)) for count in (1, 2)
    }
    assert {(row["variant"], row["workers"]) for row in samples_of(part["at_once"])} >= {
        (name, 2) for name in range(len(ladder))
    }
    sweep = result["sweep"]
    assert sweep["names"] == ["p3_indexed_features", "p4_hash_lookup"]
    assert {row["value"] for row in samples_of(sweep)} == {1, 8, 64, 512}
    assert {(entry["variant"], entry["value"]) for entry in sweep["analysis"]} == {
        (name, orders) for name in sweep["names"] for orders in (1, 8, 64, 512)
    }
    analysis = part["analysis"]
    # The last phase, never tuned, is the same kernel as the one before.
    assert [entry["phase"] for entry in analysis["attribution"]["phases"]] == list(range(1, len(ladder) - 1))
    assert len(analysis["interactions"]["effects"]) == 15
    assert {entry["workers"] for entry in analysis["scaling"]} >= {1, 2}
    assert all((entry["ceiling"] is None) == (entry["workers"] == 1) for entry in analysis["scaling"])


@pytest.mark.long
def test_output_without_json(tmp_path: Path) -> None:
    changed = {name: value for name, value in environment(TERM="xterm-256color").items() if name != "NO_COLOR"}
    deep = tmp_path / ("long" * 30) / ("name" * 30)
    command = [*COMMAND, *QUICK, *PAIR, FEED, "-o", str(deep)]
    done = subprocess.run(command, env=changed, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert complaints(done) == ""
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    rows = {line.split()[1]: line for line in lines if line.startswith("│")}
    assert list(rows) == NAMES
    (heading,) = [line for line in lines if "predicted" in line]
    for word in ("variant", "M events/s", "step", "95 % interval", "verdict", "in total"):
        assert word in heading
    assert "1.1x" in rows["p4_hash_lookup"]
    for name in NAMES[1:]:
        assert re.search(r" (faster|slower|no difference shown) ", rows[name])
    for label in ("anomalies", "noise floor", "A/A", "resolution", "coarse"):
        assert sum(line.startswith(f"{label} ") for line in lines) == 1
    assert "verification  6 replays agree to the last bit" in lines
    (folder,) = deep.iterdir()
    assert lines[-3:] == [
        f"result        {folder / 'result.json'}",
        f"report        {folder / 'report.html'}",
        f"next          lobench run --variants '{PAIR[1]}' {FEED}",
    ]
    assert (folder / "report.html").is_file()


@pytest.mark.long
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
    (part,) = result["feeds"]
    assert part["session"]["measured"] == ["p0_baseline", "p4_hash_lookup", "p4_hash_lookup (A/A)", CONTROL]
    assert [rung["variant"] for rung in part["analysis"]["ladder"]] == ["p0_baseline", "p4_hash_lookup"]
    assert set(part["counters"]) == {"p0_baseline", "p4_hash_lookup"}
    refuted = [entry for entry in part["verification"] if not entry["agrees"]]
    assert [(entry["name"], entry["workers"]) for entry in refuted] == [("forgetful", 1), ("forgetful", 2)]
    assert all(entry["difference"].startswith(f"first difference: event {record} ") for entry in refuted)


def measuring(folder: Path) -> subprocess.Popen[str]:
    """A long run that has kept samples."""
    command = [*COMMAND, "run", "--budget", "300", *PAIR, FEED, "-o", str(folder)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        for path in folder.glob("*/result.json"):
            feeds = json.loads(path.read_text())["feeds"]
            if feeds and feeds[0]["session"] and feeds[0]["session"]["samples"]["rows"]:
                return process
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"measured nothing: {process.communicate(timeout=10)}")


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "word"),
    [(signal.SIGINT, "interrupted"), pytest.param(signal.SIGTERM, "terminated", marks=pytest.mark.long)],
)
def test_an_interrupt_keeps_the_samples(tmp_path: Path, number: signal.Signals, word: str) -> None:
    process = measuring(tmp_path)
    helpers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    said, problem = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said == ""
    (path,) = tmp_path.glob("*/result.json")
    first, last = [line for line in problem.splitlines() if not line.startswith(PLAIN)]
    assert last == f"lobench: {word}"
    result = read(path)
    (part,) = result["feeds"]
    rows = part["session"]["samples"]["rows"]
    assert first == f"stopped; the {len(rows):,} samples measured so far are kept in {path}"
    assert result["status"] == "partial"
    assert not part["session"]["complete"]
    # Only whole passes.
    slices = math.ceil(part["session"]["events"] / part["session"]["design"]["slice_records"])
    assert len(rows) % (slices * len(part["session"]["measured"])) == 0 < len(rows)
    assert [entry.name for entry in path.parent.iterdir()] == ["result.json"]
    assert helpers
    assert psutil.wait_procs(helpers, timeout=10)[1] == []


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "file"], "file: cannot write results there: Not a directory; choose another place with -o"),
        (["-o", "file/below"], "file/below: cannot write results there: Not a directory; choose another"),
        (["--processes", "0"], "--processes must be at least 2, was 0: one process"),
        (["--processes", "-1"], "--processes must be at least 2, was -1"),
        (["--budget", "0"], "'0' is not a duration; write 90, 90s or 2m"),
        (["--budget", "-2"], "'-2' is not a duration"),
        (["--budget", "nan"], "'nan' is not a duration"),
        (["--budget", "soon"], "'soon' is not a duration"),
        (["--profile", "--until", "book"], "--profile needs the whole pipeline; leave out --until"),
        (["--variants", "p9_nothing"], "no variant named 'p9_nothing'"),
        (["--variants-from", "none.py"], "none.py: No such file or directory"),
    ],
)
def test_refuses_before_any_work(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "file").write_text("mine")
    # Refused before the feed is generated, which would take minutes.
    line = refused(2, "run", "synth:liquid-future,n=100000000", *arguments, folder=tmp_path)
    assert line.startswith(f"lobench: {said}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.long
def test_feeds_that_cannot_be_measured(tmp_path: Path) -> None:
    assert "none.dbn: no such file" in refused(3, "run", tmp_path / "none.dbn", "-o", tmp_path / "out")
    cut = write(tmp_path / "cut.dbn", header(), records(100).tobytes()[:-1])
    assert f"{cut}: byte " in refused(3, "run", cut, "-o", tmp_path / "out")
    empty = write(tmp_path / "empty.dbn", header())
    assert "no events to measure" in refused(2, "run", empty, "-o", tmp_path / "out")


@pytest.mark.fast
def test_help() -> None:
    done = lobench("--help")
    assert done.returncode == 0
    for verb in ("run", "measure", "replay", "verify", "variants", "generate", "env"):
        assert re.search(rf"^    {verb} +\w", done.stdout, re.MULTILINE)
    done = lobench("run", "--help")
    assert done.returncode == 0
    for option in ("--variants", "--variants-from", "--quick", "--budget", "--processes", "--evaluate", "-o", "--json"):
        assert option in done.stdout


@pytest.mark.fast
def test_help_needs_no_compiler() -> None:
    for arguments in (["--help"], ["run", "--help"], ["measure", "--help"], ["verify", "--help"]):
        command = [COMMAND[0], "-X", "importtime", *COMMAND[1:], *arguments]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "lobench.workbench.cli" in imported
        assert not imported & {"numba", "llvmlite", "numpy", "pyarrow", "rich"}
