"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.atomic_write import write_whole
from tests.support.dbn_files import header, zstd
from tests.support.paths import ROOT


def test_a_file_is_replaced_and_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "file.json", tmp_path / "link.json"
    file.write_text("old")
    link.symlink_to(file)
    write_whole(link, "new", "")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["file.json", "link.json"]


def test_a_name_that_is_no_utf_8_can_be_read_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"feed-\xff.dbn")
    write_whole(tmp_path / "file.json", json.dumps({"feed": name}, ensure_ascii=False), "")
    assert json.loads((tmp_path / "file.json").read_text(encoding="utf-8")) == {"feed": name}


def test_folders_are_made_where_asked(tmp_path: Path) -> None:
    write_whole(tmp_path / "a/b/file", "text", "", folders=True)
    assert (tmp_path / "a/b/file").read_text() == "text"
    with pytest.raises(UsageError, match=r"c/file: cannot be written: No such file or directory; -o names another$"):
        write_whole(tmp_path / "c/file", "text", "-o names another")
    with pytest.raises(UsageError, match="cannot be written: File exists"):
        write_whole(tmp_path / "a/b/file/below", "text", "", folders=True)


def test_text_is_utf_8_in_any_locale(tmp_path: Path) -> None:
    script = "import sys; from lobench.workbench.atomic_write import write_whole; from pathlib import Path; "
    script += "write_whole(Path(sys.argv[1]), '\\u2192 \\u00e4', '')"
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", script, str(tmp_path / "file")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **ascii_only}, check=True)
    assert (tmp_path / "file").read_bytes() == "\u2192 ä".encode()


def test_market_data_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "day.dbn.zst"
    file.write_bytes(zstd(header()))
    with pytest.raises(UsageError, match=r"day.dbn.zst: is market data, which is never replaced; -o names another"):
        write_whole(file, "text", "-o names another")
    assert file.read_bytes() == zstd(header())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def full(path: Path, text: str, **settings: str) -> int:
        path.write_bytes(text[:4].encode())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match="cannot be written: No space left on device; elsewhere"):
        write_whole(file, "half", "elsewhere")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
