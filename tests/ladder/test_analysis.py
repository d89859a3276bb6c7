"""The analysis of a session of a user's ladder: its own reference, steps, controls and grades."""

from __future__ import annotations

from typing import Any

import pytest

from lobench.workbench.comparison.diff import work_differences
from lobench.workbench.plan import score
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.ladder import of_feed
from lobench.workbench.results.reading import validate
from tests.support import typed
from tests.support.analyses import Document
from tests.support.documents import document
from tests.support.ladders import analysed, on_ladder, prediction

pytestmark = pytest.mark.fast


def rungs(made: Document) -> dict[str, Any]:
    return {rung["variant"]: rung for rung in made["feeds"][0]["analysis"]["ladder"]}


def test_steps_and_totals_are_over_its_own() -> None:
    made = on_ladder(extra=("p4_hash_lookup",))
    validate(made, "made")
    found = rungs(made)
    assert [(rung["variant"], rung["phase"], rung["base"]) for rung in found.values()] == [
        ("base", 0, None),
        ("borrowed", 1, "base"),
        ("unlocked", 2, "borrowed"),
        ("p4_hash_lookup", None, "unlocked"),
    ]
    assert found["base"]["total"] is None
    for name, step, total in (("borrowed", 1.5, 1.5), ("unlocked", 2.0, 3.0), ("p4_hash_lookup", 5 / 3, 5.0)):
        assert found[name]["step"]["value"] == pytest.approx(step, rel=0.02)
        assert found[name]["total"]["value"] == pytest.approx(total, rel=0.02)
        assert (found[name]["step_verdict"], found[name]["total_verdict"]) == ("faster", "faster")
    noise = made["feeds"][0]["analysis"]["noise"]
    assert noise["controls"][0]["of"] == "base"
    # Steps that are not combinations of policies have no attribution by axis.
    assert (made["feeds"][0]["analysis"]["attribution"], made["feeds"][0]["analysis"]["from_top"]) == (None, None)


def test_predictions_of_the_ladder_are_graded() -> None:
    own = prediction(2, 1.9, 2.1, feed=["this one", document()["feeds"][0]["digest"]])
    other = prediction(1, 9, 10, feed=["another", "00"])
    made = on_ladder(predictions=[prediction(1, 1.3, 1.7), prediction(2, 5, 6), own, other])
    found = rungs(made)
    assert (found["borrowed"]["score"], found["borrowed"]["prediction"]["high"]) == ("hit", 1.7)
    assert (found["unlocked"]["score"], found["unlocked"]["prediction"]["high"]) == ("hit", 2.1)
    result = typed.result(made)
    assert result.ladder is not None
    feed = result.feeds[0]
    grades = score(result, feed, of_feed(result.ladder.predictions, feed.digest))
    assert [(entry.variant, entry.score) for entry in grades] == [("borrowed", "hit"), ("unlocked", "hit")]


def test_predictions_are_of_all_that_the_ladder_computes() -> None:
    own = [prediction(1, 1.3, 1.7)]
    books = on_ladder(predictions=own, until="book", ladder_until="book")
    assert rungs(books)["borrowed"]["score"] == "hit"
    part = on_ladder(predictions=own, until="book")
    assert rungs(part)["borrowed"]["score"] is None
    for made, expected in ((books, "hit"), (part, "open")):
        result = typed.result(made)
        assert result.ladder is not None
        (grade,) = score(result, result.feeds[0], of_feed(result.ladder.predictions, None))
        assert grade.score == expected


def test_without_predictions_nothing_of_lobenchs_plan_is_graded() -> None:
    assert {rung["score"] for rung in rungs(on_ladder()).values()} == {None}


def test_the_top_is_taken_apart_down_to_its_own_reference() -> None:
    made = document(from_top=True, analysis=False)
    top = made["feeds"][0]["from_top"]["measured"][0]
    made["variants"] = made["variants"][2:]
    for place, variant in enumerate(made["variants"]):
        variant["phase"] = place
    feed = made["feeds"][0]
    session = feed["session"]
    names = session["measured"]
    kept = [names.index(name) for name in names[2:-1]]
    rows = [[*row[:3], kept.index(row[3]), *row[4:]] for row in session["samples"]["rows"] if row[3] in kept]
    # The reference again: the invented session of lobench's ladder has no second one.
    rows += [[*row[:3], len(kept), *row[4:]] for row in rows if row[3] == 0]
    session |= {"measured": [*names[2:-1], "p2_snapshot (A/A)"], "samples": {**session["samples"], "rows": rows}}
    steps = [{"variant": variant["name"], "title": ""} for variant in made["variants"]]
    made["ladder"] = {"name": "upper half", "reference": "p2_snapshot", "until": "strategies", "steps": steps}
    made["ladder"]["predictions"] = []
    found = analysed(made)["feeds"][0]["analysis"]["from_top"]
    assert found["top"] == top
    assert [(entry["axis"], entry["phase"], entry["without"]) for entry in found["axes"]] == [
        ("features", 1, "string"),
        ("lookup", 2, "linear"),
    ]
    assert [entry["verdict"] for entry in found["axes"]] == ["faster", "faster"]


def test_results_of_other_references_are_not_compared_in_time() -> None:
    found = work_differences(typed.result(document()), typed.result(on_ladder()))
    assert found == ["their ladders compare with other references: p0_baseline and base"]
    assert work_differences(typed.result(on_ladder()), typed.result(on_ladder())) == []


def test_the_own_ladders_document_has_the_keys_it_had() -> None:
    """A result of lobench's own ladder is written as before: nothing says which ladder it is."""
    made = document()
    written = as_json(typed.result(made))
    assert set(written) == set(made) - {"schema", "schema_version"}
