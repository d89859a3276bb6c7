"""Changes since the last run: found beside a result, and shown on its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lobench.reports.blocks import Table
from lobench.reports.page import page
from lobench.reports.sections import since
from lobench.workbench.comparison.diff import FeedChanges
from lobench.workbench.comparison.previous import previous
from lobench.workbench.comparison.session_difference import Spread
from tests.support import typed
from tests.support.documents import document


def test_the_page_lists_changes_since_the_last_run() -> None:
    now, before = typed.result(document(seed=2)), typed.result(document())
    (shown,) = [section for section in page([now], before).parts[0].sections if section.name == "since"]
    assert "No source has changed since" in str(shown.blocks[0])
    table = shown.blocks[1]
    assert isinstance(table, Table)
    assert table.rows[0][0].text == "p0_baseline"
    assert "since" not in [section.name for section in page([now]).parts[0].sections]


def test_the_last_run_beside_it_is_found(tmp_path: Path) -> None:
    def kept(name: str, made: Any) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(json.dumps(made))
        return tmp_path / name

    def at(created: str, made: Any) -> Any:
        return {**made, "created": f"2026-01-{created}+00:00"}

    # The clock was set back between the two, so the later result has the earlier name.
    kept("2026-01-01T02-30-00", at("01T00:30:00", document(noise=0.02)))
    kept("2026-01-01T02-10-00", at("01T01:10:00", document()))
    kept("2026-01-02T00-00-00", at("02T00:00:00", document(status="partial")))
    kept("2026-01-03T00-00-00", at("03T00:00:00", document(feeds=["synth:other"])))
    (tmp_path / "2026-01-04T00-00-00").mkdir()
    (tmp_path / "2026-01-04T00-00-00" / "result.json").write_text("{")
    kept("2026-01-06T00-00-00", at("06T00:00:00", document()))
    now = at("05T00:00:00", document(seed=2))
    found = previous(kept("2026-01-05T00-00-00", now), typed.result(now))
    assert found is not None
    assert found.created == "2026-01-01T01:10:00+00:00"
    first = at("01T00:30:00", document(noise=0.02))
    assert previous(tmp_path / "2026-01-01T02-30-00", typed.result(first)) is None


def test_a_feed_with_few_samples_hides_no_other() -> None:
    feeds = ["synth:liquid-future", "synth:other"]
    now, before = document(seed=2, feeds=feeds), document(feeds=feeds)
    before["feeds"][1]["analysis"] = None
    before["feeds"][1]["session"] = None
    shown = page([typed.result(now)], typed.result(before)).parts
    told = [[section.name for section in part.sections].count("since") for part in shown]
    assert told[:2] == [1, 0]


def test_results_without_a_common_variant_say_so() -> None:
    text = str(since._sessions(FeedChanges("a", [], Spread(0.0, 0))))
    assert text.startswith("No variant beside the reference is the same in both")
