"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import UsageError
from workbench.whole import write_whole


def test_a_file_is_replaced_and_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "file.json", tmp_path / "link.json"
    file.write_text("old")
    link.symlink_to(file)
    write_whole(link, "new", "")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["file.json", "link.json"]


def test_folders_are_made_where_asked(tmp_path: Path) -> None:
    write_whole(tmp_path / "a/b/file", "text", "", folders=True)
    assert (tmp_path / "a/b/file").read_text() == "text"
    with pytest.raises(UsageError, match=r"c/file: cannot be written: No such file or directory; -o names another$"):
        write_whole(tmp_path / "c/file", "text", "-o names another")
    with pytest.raises(UsageError, match="cannot be written: File exists"):
        write_whole(tmp_path / "a/b/file/below", "text", "", folders=True)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "half \ud800", "")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
