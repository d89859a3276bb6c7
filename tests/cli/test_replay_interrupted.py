"""`lobench replay` when it is interrupted, or has no room to write."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.command import COMMAND, answer, busy, environment, lobench
from tests.support.dbn_files import header, write

NAMED = 4_000
"""How often the file is named on the command line: a feed far longer than a test waits for."""


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write(tmp_path / "feed.dbn", header(), busy(9_000).tobytes())


def started(feed: str, *arguments: object) -> subprocess.Popen[str]:
    command = [*COMMAND, "replay", *[feed] * NAMED, *map(str, arguments)]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_rows(folder: Path, process: subprocess.Popen[str]) -> None:
    """Until a row group was written to every file that is in the making."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        partial = list(folder.glob(".*.part"))
        if partial and all(path.stat().st_size > 100_000 for path in partial):
            return
        time.sleep(0.05)
    pytest.fail(f"wrote no rows: {process.communicate(timeout=10)}")


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (signal.SIGINT, "interrupted"),
        pytest.param(signal.SIGTERM, "terminated", marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, "hung up", marks=pytest.mark.long),
    ],
)
def test_keeps_the_rows_it_has(feed: str, tmp_path: Path, number: signal.Signals, word: str) -> None:
    features, book = tmp_path / "f.parquet", tmp_path / "b.parquet"
    process = started(feed, "--features", features, "--depth", 1, "--book", book, "--json")
    wait_for_rows(tmp_path, process)
    process.send_signal(number)
    said, problem = process.communicate(timeout=120)

    assert process.returncode == 128 + number
    assert said == ""
    line = problem.splitlines()[-1]  # after progress lines, on a slow machine
    assert line.startswith(f"lobench: {word} after ")
    rows = pq.read_metadata(features).num_rows
    assert rows == pq.read_metadata(book).num_rows > 100_000
    assert f"{features} keeps {rows:,} rows; {book} keeps {rows:,} rows" in line
    assert pq.read_metadata(features).metadata[b"lobench.complete"] == b"false"
    assert not list(tmp_path.glob(".*.part"))

    # The kept file is the beginning of the whole one.
    whole = answer("replay", feed, "--features", tmp_path / "whole.parquet")["files"][0]["rows"]
    first = pq.read_table(features).slice(0, whole)
    assert first["event_number"].equals(pq.read_table(tmp_path / "whole.parquet")["event_number"])


def test_a_whole_file_stays_beside_interrupted_rows(feed: str, tmp_path: Path) -> None:
    features = tmp_path / "f.parquet"
    whole = answer("replay", feed, "--features", features)["files"][0]["rows"]
    (tmp_path / ".killed.parquet.4711.part").write_text("")
    process = started(feed, "--features", features)
    wait_for_rows(tmp_path, process)
    assert not (tmp_path / ".killed.parquet.4711.part").exists()
    process.send_signal(signal.SIGTERM)
    _, problem = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    assert pq.read_metadata(features).num_rows == whole
    assert pq.read_metadata(features).metadata[b"lobench.complete"] == b"true"
    beside = tmp_path / "f.partial.parquet"
    assert pq.read_metadata(beside).num_rows > 100_000
    assert f"{beside} keeps " in problem
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.parquet", "f.partial.parquet", "feed.dbn"]


def test_a_feed_that_is_cut_is_one_line(feed: str, tmp_path: Path) -> None:
    process = started(feed, "--features", tmp_path / "f.parquet")
    wait_for_rows(tmp_path, process)
    os.truncate(feed, 100_000)
    said, problem = process.communicate(timeout=120)
    assert process.returncode == 3
    assert said == ""
    line = problem.splitlines()[-1]  # after progress lines, on a slow machine
    assert line.startswith(f"lobench: {feed}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["feed.dbn"]


def test_a_full_disk_is_one_line(feed: str, tmp_path: Path) -> None:
    target = tmp_path / "f.parquet"
    answer("replay", feed, "--features", target)  # compile first, so that nothing but the output is written below
    target.unlink()
    command = [*COMMAND, "replay", *[feed] * 40, "--features", str(target)]
    limited = ["bash", "-c", 'ulimit -f 256; exec "$@"', "limited", *command]
    done = subprocess.run(limited, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 4
    assert done.stderr == f"lobench: {target}: cannot be written: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["feed.dbn"]


def test_an_unwritable_folder_is_refused(feed: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = lobench("replay", feed, "--features", tmp_path / "file" / "f.parquet")
    assert done.returncode == 2
    assert done.stderr.endswith("cannot be written: Not a directory\n")
