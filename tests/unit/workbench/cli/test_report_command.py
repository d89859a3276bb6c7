"""`lobench report`: reads results of `run`, and writes the page beside them or into the given folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lobench.workbench.cli import main
from tests.support.documents import document, written


def test_the_page_goes_beside_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(written(tmp_path, document()))]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "report.html")
    assert "p4_hash_lookup" in (tmp_path / "report.html").read_text()


def test_several_results_go_to_the_named_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, document(seed=ord(name)))
    assert main(["report", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(tmp_path / "page")]) == 0
    assert "2 results" in (tmp_path / "page" / "report.html").read_text()
    assert not (tmp_path / "a" / "report.html").exists()


@pytest.mark.parametrize(("content", "code"), [("{}", 3), ("", 3), (None, 2)])
def test_other_files_are_refused(
    tmp_path: Path, content: str | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)
    assert main(["report", str(path)]) == code
    assert str(path) in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()
