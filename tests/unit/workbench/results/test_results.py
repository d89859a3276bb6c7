"""Result folders: refused at once where they cannot be, and never half written."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.results import NEEDED_BYTES, SCHEMA, SCHEMA_VERSION, Result, ResultFolder
from tests.support import typed
from tests.support.documents import document

MOMENT = datetime(2026, 1, 2, 3, 4, 5)
Usage = namedtuple("Usage", "total used free")


def made(command: str, **more: Any) -> Result:
    return replace(typed.result(document(slices=1, **more)), command=command)


def test_a_folder_for_each_run(tmp_path: Path) -> None:
    base = tmp_path / "not" / "there" / "yet"
    folders = [ResultFolder(str(base), MOMENT) for _ in range(3)]
    assert [folder.path.name for folder in folders] == [f"2026-01-02T03-04-05{more}" for more in ("", "-1", "-2")]
    assert [list(folder.path.iterdir()) for folder in folders] == [[], [], []]
    assert folders[0].result == base / "2026-01-02T03-04-05" / "result.json"


@pytest.mark.parametrize("base", ["file", "file/below", "/proc/lobench"])
def test_an_unwritable_folder_is_refused(tmp_path: Path, base: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match=r"cannot write results there: .*choose another place with -o") as refusal:
        ResultFolder(str(tmp_path / base), MOMENT)
    assert "\n" not in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        ResultFolder(str(tmp_path / "out"), MOMENT)


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 1 << 40, NEEDED_BYTES - 1))
    with pytest.raises(UsageError, match="only 63 MiB free"):
        ResultFolder(str(tmp_path / "out"), MOMENT)
    assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 0, NEEDED_BYTES))
    ResultFolder(str(tmp_path / "out"), MOMENT)


def test_saving_replaces_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ResultFolder(str(tmp_path), MOMENT)
    folder.save(made("one", passes=20))
    folder.save(made("two"))
    kept = json.loads(folder.result.read_text())
    assert (kept["schema"], kept["schema_version"], kept["command"]) == (SCHEMA, SCHEMA_VERSION, "two")
    assert [path.name for path in folder.path.iterdir()] == ["result.json"]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LobenchError, match=r"result\.json: No space left on device; what was saved before is kept"):
            folder.save(made("three"))
    assert json.loads(folder.result.read_text()) == kept
    folder.save(made("four"))
    assert json.loads(folder.result.read_text())["command"] == "four"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_a_failed_save_keeps_the_old_result(tmp_path: Path, value: Any) -> None:
    folder = ResultFolder(str(tmp_path), MOMENT)
    folder.save(made("one"))
    with pytest.raises((ValueError, TypeError)):
        folder.save(replace(made("two"), source_digest=value))
    assert json.loads(folder.result.read_text())["command"] == "one"


def test_going_on_in_a_folder(tmp_path: Path) -> None:
    first = ResultFolder(str(tmp_path), MOMENT)
    first.save(made("one"))
    again = ResultFolder.existing(first.path)
    assert json.loads(again.result.read_text())["command"] == "one"
    again.save(made("two"))
    assert json.loads(first.result.read_text())["command"] == "two"
    assert [path.name for path in first.path.iterdir()] == ["result.json"]
    with pytest.raises(UsageError, match="cannot write results there"):
        ResultFolder.existing(tmp_path / "none")
