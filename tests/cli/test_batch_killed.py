"""Forty feeds of three kinds, interrupted by the end of a worker, the command or the scheduler, or by a full disk.
Resumed, the dataset equals single replays; no finished file is written again, no row occurs twice."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest

import lobench
from tests.support.command import COMMAND, answer, environment
from tests.support.datasets import assert_same_rows, read, read_everywhere, single, stamps
from tests.support.paths import ROOT

pytestmark = pytest.mark.long

pytest.importorskip("distributed")

FEEDS, EVENTS = 40, 60_000
SAMPLE = "20e"
"""Fine enough that a task's file is larger than the manifest of all."""


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("days")
    made = []
    for number in range(FEEDS):
        name = "equity-universe" if number % 2 else "liquid-future"
        ending = (".dbn", ".dbn.zst", ".csv")[number % 3]
        place = folder / f"day{number}-202405{1 + number % 28:02d}{ending}"
        source = place if ending != ".csv" else folder / "source.dbn"
        lobench.generate(name, source, n=EVENTS, seed=number, force=True)
        if source != place:
            lobench.convert(source, place)
            source.unlink()
        made.append(str(place))
    # In order of days, like a dataset.
    return sorted(made, key=lambda path: (Path(path).name.partition("-")[2][:8], Path(path).name))


@pytest.fixture(scope="module")
def expected(days: list[str]) -> pa.Table:
    return single(days, sample=SAMPLE, depth=1)


def words(days: list[str], dataset: Path, *more: object) -> list[str]:
    given = ["batch", *days, "-o", dataset, "--features", "--depth", 1, "--sample", SAMPLE, *more]
    return [*map(str, given)]


def begun(command: list[str], **more: Any) -> subprocess.Popen[str]:
    whole = [*COMMAND, *command, "--json"]
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more}
    return subprocess.Popen(whole, env=environment(), **piped)


def wait(what: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 600
    while not what():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"ended before: {process.communicate(timeout=60)}")
        time.sleep(0.02)


def some_done(dataset: Path) -> list[dict[str, Any]]:
    """Entries of the manifest that are done, once there are a few."""
    try:
        kept = json.loads((dataset / "_lobench/manifest.json").read_text())
    except OSError:
        return []
    done = [entry for entry in kept["tasks"] if entry["outcome"]["state"] == "done"]
    return done if len(done) >= 5 else []


def gone_on(days: list[str], dataset: Path, expected: pa.Table, *more: object) -> None:
    """The same command again: everything is there, and finished files are unchanged."""
    before = stamps(dataset)
    assert len(before) > 0
    told = answer(*words(days, dataset, *more))
    assert told["complete"]
    assert told["done_before"] > 0
    whole(dataset, expected, before)


def whole(dataset: Path, expected: pa.Table, before: dict[str, tuple[int, int]]) -> None:
    assert before.items() <= stamps(dataset).items()
    assert_same_rows(read(dataset), expected)
    read_everywhere(dataset, expected)
    assert not list(dataset.glob("date=*/.*.part"))


def test_a_worker_is_killed(days: list[str], expected: pa.Table, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    process = begun(words(days, dataset, "--scheduler", 2))
    wait(lambda: some_done(dataset), process)
    before = dict(stamps(dataset))
    pid = int(str(some_done(dataset)[0]["outcome"]["worker"]).rpartition(":")[2])
    os.kill(pid, signal.SIGKILL)
    wait(lambda: not psutil.pid_exists(pid), process)
    had = sum(one["outcome"]["worker"].endswith(f":{pid}") for one in some_done(dataset))
    said, problem = process.communicate(timeout=1200)
    assert process.returncode == 0, problem
    told = json.loads(said)
    assert (told["complete"], len(told["tasks"])) == (True, FEEDS)
    # Others did the killed worker's tasks, except at most one that it reported late.
    assert sum(one["worker"].endswith(f":{pid}") for one in told["tasks"].values()) <= had + 1 < FEEDS // 2
    whole(dataset, expected, before)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_command_is_ended(days: list[str], expected: pa.Table, tmp_path: Path, number: signal.Signals) -> None:
    dataset = tmp_path / "dataset"
    process = begun(words(days, dataset, "--scheduler", 2))
    wait(lambda: some_done(dataset), process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, problem = process.communicate(timeout=120)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number == signal.SIGINT:
        assert problem.splitlines()[-1] == "lobench: interrupted"
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive, "its workers end with it"
    gone_on(days, dataset, expected, "--scheduler", 2)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler and two workers, each a process: its address, and the scheduler."""
    place = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    lasting: dict[str, Any] = {
        "env": environment(),
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "cwd": ROOT,
    }
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(place)], text=True, **lasting
    )
    started = [scheduler]
    try:
        wait(place.exists, scheduler)
        address = json.loads(place.read_text())["address"]
        for _ in range(2):
            command = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--death-timeout", "5"]
            started.append(subprocess.Popen(command, text=True, **lasting))
        yield address, scheduler
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(60)


def test_the_scheduler_is_killed(days: list[str], expected: pa.Table, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with cluster(tmp_path / "first") as (address, scheduler):
        process = begun(words(days, dataset, "--scheduler", address))
        wait(lambda: some_done(dataset), process)
        scheduler.kill()
        _, problem = process.communicate(timeout=300)
        assert process.returncode == 1, problem
        assert "the scheduler is gone; finished files stay" in problem.splitlines()[-1]
    with cluster(tmp_path / "second") as (address, _):
        gone_on(days, dataset, expected, "--scheduler", address)


def test_the_disk_is_full(days: list[str], expected: pa.Table, tmp_path: Path) -> None:
    """No file may grow to the size that a day of one instrument needs; those of many have smaller files."""
    dataset = tmp_path / "dataset"
    sizes = tmp_path / "sizes"
    few = sorted(days)[:6]
    answer(*words(few, sizes, "--scheduler", 1))
    largest = [max(path.stat().st_size for path in day.glob("*.parquet")) for day in sizes.glob("date=*")]
    limit = (min(largest) + max(largest)) // 2

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = begun(words(days, dataset, "--scheduler", 2), preexec_fn=limited)
    said, problem = process.communicate(timeout=1200)
    assert process.returncode == 1, problem
    told = json.loads(said)
    assert 0 < len(told["failed"]) < FEEDS
    assert all("cannot be written: File too large" in why for why in told["failed"].values())
    gone_on(days, dataset, expected, "--scheduler", 2)
