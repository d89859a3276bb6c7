"""One page of results from several machines: their ladders side by side, with each machine's name and no verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lobench.reports.answer import answer
from lobench.reports.blocks import Table
from lobench.reports.headline import facts, headline
from lobench.reports.machines import across_machines, machines
from lobench.reports.numbers import TIMES
from lobench.reports.page import page
from tests.support.documents import SPEEDS, document
from tests.support.reported import elsewhere
from tests.support.typed import result, views, write


def _tables(*documents: dict[str, Any]) -> list[Table]:
    found = across_machines(views(*documents))
    tables = [block for block in found if isinstance(block, Table)]
    assert len(tables) == len(found)
    return tables


def test_ladders_stand_side_by_side() -> None:
    speeds, steps = _tables(document(), elsewhere("Other CPU"))
    assert speeds.headings == ["variant", "Example CPU 9000 (2 threads)", "Other CPU (8 threads)"]
    assert [row[0].text for row in speeds.rows] == [*SPEEDS]
    assert "there is no verdict across machines" in steps.caption
    *rows, (total, *figures) = steps.rows
    assert [row[0].text for row in rows] == [*SPEEDS][1:]
    # 1.1 and 1.1 to the power of 1.25; 3.9 likewise.
    assert [float(cell.text.rstrip(TIMES)) for cell in rows[0][1:]] == pytest.approx([1.1, 1.1265], rel=0.02)
    assert (total.text, len(figures)) == ("in total", 2)
    assert [float(cell.text.rstrip(TIMES)) for cell in figures] == pytest.approx([3.9, 5.48], rel=0.02)
    assert all("faster" in cell.note for cell in rows[1][1:])


def test_of_one_machine_the_newest_counts_and_feeds_stay_apart() -> None:
    old, new = elsewhere("Other CPU"), elsewhere("Other CPU")
    old["created"] = "2026-11-20T10:11:12+00:00"
    for rung in old["feeds"][0]["analysis"]["ladder"]:
        rung["events_per_second"] = {"value": 7e6, "low": 7e6, "high": 7e6}
    for made in ([old, document(), new], [new, document(), old]):
        speeds, _ = _tables(*made)
        assert len(speeds.headings) == 3
        assert "7.00" not in str(speeds.rows)
    assert _tables(document(), document(seed=2)) == []
    assert _tables(document(), elsewhere("Other CPU", feeds=["synth:other"])) == []


def test_every_machine_has_a_name_of_its_own() -> None:
    same = elsewhere("Example CPU 9000", "a" * 32), elsewhere("Example CPU 9000", "b" * 32), elsewhere(None, "c" * 32)
    assert [*machines(views(*same)).values()] == [
        "Example CPU 9000 (8 threads), aaaaaa",
        "Example CPU 9000 (8 threads), bbbbbb",
        "x86_64 (8 threads)",
    ]


def test_a_refuted_variant_is_in_no_column() -> None:
    other = elsewhere("Other CPU")
    outcome = next(one for one in other["feeds"][0]["verification"] if one["name"] == "p4_hash_lookup")
    outcome |= {"agrees": False, "digests": None, "difference": "event 17: best bid 5 instead of 6"}
    speeds, steps = _tables(document(), other)
    for table in (speeds, steps):
        row = next(row for row in table.rows if row[0].text == "p4_hash_lookup")
        assert (bool(row[1].text), row[2].text) == (True, "")


def test_the_page_tells_machines_apart(tmp_path: Path) -> None:
    made = [document(), elsewhere("Other CPU")]
    shown = page([result(one) for one in made])
    titles = [part.title for part in shown.parts]
    assert "synth:liquid-future, Example CPU 9000 (2 threads)" in titles
    assert "synth:liquid-future, Other CPU (8 threads)" in titles
    assert headline(views(*made)).endswith(" as fast as p0_baseline on 1 feed and 2 machines.")
    assert answer(views(*made)).startswith("Over 1 feed and 2 machines, p4_hash_lookup ran ")
    total = next(fact.note for fact in facts(views(*made)) if fact.label == "in total")
    assert total == "Example CPU 9000 (2 threads) to Other CPU (8 threads)"
    write(made, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "| variant | Example CPU 9000 (2 threads) | Other CPU (8 threads) |" in text
    assert text.count("(Other CPU (8 threads))") == 1
    few = "synth:liquid-future was measured in only 3 processes"
    assert [f"Result {number}: {few}" in text for number in (1, 2)] == [True, True]
