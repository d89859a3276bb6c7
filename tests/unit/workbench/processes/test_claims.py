"""Folders that are claimed while their process lives, and removed after it was killed."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from lobench.workbench.processes.claimed_folders import claim, scratch_folder
from lobench.workbench.results import ResultFolder
from tests.support.paths import ROOT

SCRATCH = """
import sys, time
from lobench.workbench.processes.claimed_folders import scratch_folder
with scratch_folder(sys.argv[1]) as folder:
    open(folder + "/junk", "w").close()
    print(folder, flush=True)
    time.sleep(600)
"""
RESULT = """
import sys, time
from lobench.workbench.results import ResultFolder
folder = ResultFolder(sys.argv[1])
print(folder.path, flush=True)
time.sleep(600)
"""


def held(script: str, where: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that holds a folder in ``where``, and that folder."""
    process = subprocess.Popen([sys.executable, "-c", script, where], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_scratch_folders_of_killed_processes_are_removed(tmp_path: Path) -> None:
    (tmp_path / "lobench-else").mkdir()
    process, folder = held(SCRATCH, tmp_path)
    try:
        with scratch_folder(tmp_path) as own:
            assert (folder / "junk").exists(), "its process lives"
            assert Path(own).is_dir()
        assert not Path(own).exists()
    finally:
        kill(process)
    assert (folder / "junk").exists()
    with scratch_folder(tmp_path):
        assert not folder.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["lobench-else"]


def test_empty_results_of_killed_processes_are_removed(tmp_path: Path) -> None:
    (tmp_path / "2020-01-01T00-00-00").mkdir()
    (tmp_path / "2020-01-01T00-00-00" / "result.json").write_text("{}")
    (tmp_path / "2020-01-01T00-00-00" / "result.json.part").write_text("{")
    (tmp_path / "mine").mkdir()
    process, folder = held(RESULT, tmp_path)
    try:
        first = ResultFolder(str(tmp_path), datetime(2026, 1, 2))
        assert folder.is_dir(), "its process lives"
    finally:
        kill(process)
    assert list(folder.iterdir()) == []
    (folder / "result.json.part").write_text("{")
    second = ResultFolder(str(tmp_path), datetime(2026, 1, 2))
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"2020-01-01T00-00-00", "mine", first.path.name, second.path.name}
    assert [entry.name for entry in (tmp_path / "2020-01-01T00-00-00").iterdir()] == ["result.json"]


@pytest.mark.parametrize("name", ["none", "file"])
def test_only_folders_are_claimed(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    assert claim(tmp_path / name) is None
