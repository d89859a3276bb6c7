"""Files in the making: any name, whole or not at all, and leftovers of killed processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lobench.engine.parts import Part, shortened, sweep
from tests.support.paths import ROOT

HOLD = (
    "import sys, time; from lobench.engine import parts; parts.Part(sys.argv[1]); print(1, flush=True); time.sleep(99)"
)


def holder(target: Path) -> subprocess.Popen[str]:
    """A process that has a part of ``target`` in the making."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, target], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    return process


@pytest.mark.parametrize("name", ["f", "a name.parquet", "n" * 248 + ".part", "ä" * 127, "\udcff.bin", ".hidden", "-x"])
def test_parts_of_any_name_are_hidden(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    with Part(target) as part:
        part.path.write_bytes(b"new")
        assert [entry.name for entry in tmp_path.iterdir()] == [part.path.name]
        assert part.path.name.startswith(".")
        assert part.path.name.endswith(".part")
        part.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert target.read_bytes() == b"new"


def test_a_name_that_no_file_can_have_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File name too long"):
        Part(tmp_path / ("n" * 256))
    assert list(tmp_path.iterdir()) == []


def test_unfinished_files_are_removed(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_text("old")
    with Part(target) as part:
        part.path.write_text("new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]
    assert target.read_text() == "old"


def test_two_of_one_name_do_not_meet(tmp_path: Path) -> None:
    with Part(tmp_path / "f") as one, Part(tmp_path / "f") as other:
        assert one.path != other.path
        assert one.path.exists()
        other.finish()
        one.finish()


def test_parts_of_killed_processes_are_swept(tmp_path: Path) -> None:
    process = holder(tmp_path / "f")
    kept = {"x.part", ".x.part", ".x.y.part", "f.1.part", ".f.1.part.txt"}
    for name in kept:
        (tmp_path / name).write_text("somebody's")
    (tmp_path / ".folder.1.part").mkdir()
    (tmp_path / ".link.1.part").symlink_to(tmp_path / "x.part")
    os.mkfifo(tmp_path / ".pipe.1-2.part")
    try:
        (living,) = tmp_path.glob(".f.*-0.part")
        (tmp_path / ".g.parquet.4711.part").write_text("of an earlier version")
        with Part(tmp_path / "g"):
            assert living.exists(), "its process lives"
            assert not (tmp_path / ".g.parquet.4711.part").exists()
    finally:
        process.kill()
        process.communicate()
    sweep(tmp_path)
    assert not living.exists()
    left = {entry.name for entry in tmp_path.iterdir()}
    assert kept <= left
    assert {".folder.1.part", ".link.1.part"} <= left


def test_parts_of_another_machine_are_left_alone_for_a_day(tmp_path: Path) -> None:
    with Part(tmp_path / "f") as part:
        name = part.path.name
    machine = name.split(".")[2].partition("-")[0]
    own, young, old = (tmp_path / name.replace(machine, other) for other in (machine, "0" * 8, "1" * 8))
    for path in (own, young, old):
        path.touch()
    before = time.time() - 2 * 86_400
    os.utime(old, (before, before))
    sweep(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [young.name]


def test_names_are_shortened_to_what_a_folder_takes(tmp_path: Path) -> None:
    name = shortened("", "n" * 300, ".partial.parquet", tmp_path)
    assert len(name) == os.pathconf(tmp_path, "PC_NAME_MAX")
    assert name.endswith("n.partial.parquet")
    assert shortened(".", "f", ".x", tmp_path) == ".f.x"
