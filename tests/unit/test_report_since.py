"""What changed since the last run: found beside a result, and told on its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lobench.reports.page import page
from lobench.workbench.comparison.previous import previous
from tests import typed
from tests.documents import document


def test_the_page_says_what_changed() -> None:
    now, before = typed.result(document(seed=2)), typed.result(document())
    (since,) = [section for section in page([now], before).parts[0].sections if section.name == "since"]
    assert "No source has changed since" in str(since.blocks[0])
    assert since.blocks[1].rows[0][0].text == "p0_baseline"  # type: ignore[union-attr]
    assert "since" not in [section.name for section in page([now]).parts[0].sections]


def test_the_last_run_beside_it_is_found(tmp_path: Path) -> None:
    def kept(name: str, made: Any) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(json.dumps(made))
        return tmp_path / name

    kept("2026-01-01T00-00-00", document())
    kept("2026-01-02T00-00-00", document(status="partial"))
    kept("2026-01-03T00-00-00", document(feeds=["synth:other"]))
    (tmp_path / "2026-01-04T00-00-00").mkdir()
    (tmp_path / "2026-01-04T00-00-00" / "result.json").write_text("{")
    folder = kept("2026-01-05T00-00-00", document(seed=2))
    found = previous(folder, typed.result(document(seed=2)))
    assert found is not None
    assert found.status == "complete"
    assert previous(tmp_path / "2026-01-01T00-00-00", typed.result(document())) is None
