"""The page's text about the top without single phases, and about results of a part of the pipeline."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lobench.reports.answer import answer
from lobench.reports.blocks import Table
from lobench.reports.numbers import TIMES
from lobench.reports.summary import places
from tests.support.analyses import Document, from_top_of
from tests.support.documents import document
from tests.support.reported import complete
from tests.support.typed import views, write


def texts(blocks: Any) -> str:
    return " ".join(block.text for block in blocks if block.kind == "text")


def changed(feeds: tuple[str, ...], *gains: dict[str, float]) -> Document:
    """A document in which the top gains this much by a phase, feed by feed."""
    made = document(from_top=True, feeds=feeds)
    for feed, own in zip(made["feeds"], gains, strict=True):
        feed["analysis"]["from_top"] = from_top_of(feed, **own)
    return made


@pytest.mark.normal
def test_the_section_shows_the_loss_without_each_phase(tmp_path: Path) -> None:
    made = complete()
    found = made["feeds"][0]["analysis"]["from_top"]
    found["axes"][3] |= {"ratio": None, "p": None, "p_holm": None, "verdict": None, "note": "lookup has no part in it"}
    found["sentence"] = "Not shown to earn their place: none."
    write([made], tmp_path)
    text = (tmp_path / "report.md").read_text().replace("\u00a0", " ")
    assert "The loss if one single phase is removed from p4_hash_lookup" in text
    assert f"| 3 features (string instead of indexed) | 2.400{TIMES} (2.388 to 2.412) | faster (p = 0.004) |" in text
    assert "| 4 lookup (linear instead of hash) | (lookup has no part in it) |  |" in text
    assert "Not shown to earn their place: none. Noise floor of this session: 0.80%." in text
    assert text.index("Shapley value") < text.index("The loss if") < text.index("## Interactions")


def test_the_section_does_not_need_the_factorial(tmp_path: Path) -> None:
    write([document(from_top=True)], tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "The 16 combinations of the four core axes were not measured" in text
    assert "The loss if one single phase is removed" in text


@pytest.mark.normal
def test_a_missing_measurement_names_its_command(tmp_path: Path) -> None:
    write([document(factorial=True)], tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "`lobench measure --variants from-top synth:liquid-future`" in text


@pytest.mark.normal
def test_results_written_before_have_neither(tmp_path: Path) -> None:
    made = document(factorial=True)
    for feed in made["feeds"]:
        del feed["from_top"], feed["analysis"]["from_top"]
    for variant in made["variants"]:
        del variant["replaced"]
    write([made], tmp_path)
    assert "without one phase at a time was not measured" in (tmp_path / "report.md").read_text()


def test_refuted_variants_have_no_figure() -> None:
    made = document(from_top=True)
    (feed,) = made["feeds"]
    without = feed["from_top"]["measured"][1]
    feed["from_top"]["disagreeing"] = [without]
    (view,) = views(made)
    assert without in view.refuted
    assert view.from_top
    assert [entry.axis for entry in view.from_top.axes] == ["context", "features", "lookup"]
    feed["verification"][-1] |= {"agrees": False, "difference": "event 1"}
    assert views(made)[0].from_top is None


def test_a_table_shows_phases_by_feed() -> None:
    made = changed(("synth:one", "synth:two"), {"context": 1.0, "lookup": 0.9}, {"lookup": 1.0})
    table, said = places(views(made))
    assert isinstance(table, Table)
    assert list(table.headings) == ["feed", "1 events", "2 context", "3 features", "4 lookup"]
    assert [row[0].text for row in table.rows] == ["synth:one", "synth:two"]
    assert [cell.tone for cell in table.rows[0][1:]] == ["good", "", "good", "bad"]
    assert texts([said]) == (
        "Phases 1 (events) and 3 (features) earn their place wherever measured. Phase 2 (context) earns its place on "
        "synth:two; not shown on synth:one. Phase 4 (lookup) is shown to earn its place on NONE of these "
        "feeds."
    )


def test_a_phase_without_any_figure_says_why() -> None:
    made = changed(("synth:one", "synth:two"), {}, {})
    for feed in made["feeds"]:
        feed["analysis"]["from_top"]["axes"][3] |= {"ratio": None, "verdict": None, "note": "it has no part in the top"}
    assert texts(places(views(made))).endswith("Phase 4 (lookup) has no figure: it has no part in the top.")


def test_one_feed_needs_no_table_across_feeds() -> None:
    assert places(views(document(from_top=True))) == []
    assert places(views(document(from_top=True), document())) == []
    assert len(places(views(document(from_top=True), document(from_top=True)))) == 2


def test_a_part_of_the_pipeline_is_named_wherever_its_feed_is(tmp_path: Path) -> None:
    made = document(until="book")
    write([made], tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "# lobench: synth:liquid-future until book" in text
    assert "This result covers a part of the pipeline: every replay stops after the stage book." in text
    assert "CPU time of one worker, the pipeline until book;" in text
    assert "which does not show the gains of phases" in text
    assert "--variants from-top" not in text
    assert "the whole pipeline;" not in text


def test_a_part_does_not_stand_for_the_whole() -> None:
    part, whole = document(until="book"), document()
    fast = copy.deepcopy(part)
    for rung in fast["feeds"][0]["analysis"]["ladder"]:
        if rung["total"]:
            rung["total"] = {"value": 99.0, "low": 98.0, "high": 99.5}
    said = answer(views(fast, whole))
    assert "99" not in said
    assert said.startswith("p4_hash_lookup is 3.9")
    assert answer(views(part)).split(";")[0].endswith("as fast as p0_baseline on synth:liquid-future until book")
