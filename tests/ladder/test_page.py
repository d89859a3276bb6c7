"""A page of a ladder of one's own, and of two ladders: titles, grades, and how fast one is beside the other."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from lobench.reports.markdown import markdown
from lobench.reports.numbers import TIMES
from lobench.workbench.cli import main
from lobench.workbench.results.conversion import as_json
from tests.support.analyses import Document
from tests.support.documents import document, written
from tests.support.ladders import TITLES, on_ladder, prediction
from tests.support.typed import page, read

pytestmark = pytest.mark.fast

PREDICTED = [prediction(1, 1.3, 1.7), prediction(2, 4, 5)]


class Drawn(dict[str, str]):
    """Charts that are not drawn."""

    def __missing__(self, key: str) -> str:
        return f"{key}.svg"


def text_of(*documents: Document) -> str:
    """The page in words."""
    return markdown(page(documents), Drawn()).replace("\u00a0", " ")


def test_the_page_shows_titles_and_grades() -> None:
    text = text_of(on_ladder(predictions=PREDICTED))
    assert "## The ladder: The Rust plan" in text
    for step, title in TITLES.items():
        assert f"| {step} ({title}) |" in text
    assert f"| 1.3 to 1.7{TIMES} (bottleneck 1) | ✓ hit |" in text
    assert f"| 4 to 5{TIMES} (bottleneck 2) | ↓ under |" in text
    assert "The gain of each step is that of the ladder." in text
    for absent in ("## Interactions", "## Cost against", "16 combinations", "without one phase at a time"):
        assert absent not in text
    assert page([on_ladder()]).answer.startswith("unlocked is ")


def test_the_page_names_the_last_stage() -> None:
    text = text_of(on_ladder(until="book", ladder_until="book"))
    assert "This result goes as far as its ladder: every replay stops after the stage book." in text
    assert "covers a part of the pipeline" not in text
    assert "covers a part of the pipeline" in text_of(on_ladder(until="book"))


def test_missing_parts_name_the_command_with_the_ladder() -> None:
    made = on_ladder()
    made["options"] = {
        "feeds": [["synth:liquid-future"]],
        "variants_from": [],
        "tuning": None,
        "seconds": 60.0,
        "processes": None,
        "precision": None,
        "time_limit": None,
        "ladder": "plans/mine.toml",
    }
    assert "`lobench run --ladder plans/mine.toml synth:liquid-future`" in text_of(made)


def test_two_ladders() -> None:
    own, other = document(), on_ladder(predictions=PREDICTED)
    text = text_of(own, other)
    assert "*2 ladders on synth:liquid-future: M events/s" in text
    assert "| The Rust plan | base (records are copied) | " in text
    assert "| lobench | p0_baseline | " in text
    assert "reference: base of The Rust plan over p0_baseline of lobench" in text
    assert "top: unlocked of The Rust plan over p4_hash_lookup of lobench" in text
    assert "across sessions: their difference is not in the interval" in text
    assert "*lobench: step of every phase" in text
    assert "*The Rust plan: step of every phase" in text
    assert "## synth:liquid-future, lobench" in text
    assert "## synth:liquid-future, The Rust plan" in text
    answer = page([own, other]).answer
    assert answer.index("lobench: p4_hash_lookup is ") < answer.index("The Rust plan: unlocked is ")
    assert " as fast as base" in answer


def test_ladders_of_one_session_are_compared_within_it() -> None:
    text = text_of(document(), on_ladder(extra=("p4_hash_lookup",)))
    (line,) = [line for line in text.splitlines() if line.startswith("| top: unlocked of The Rust plan")]
    # 3.0 and 5.0 times as fast as their reference.
    assert "| 0.59" in line or "| 0.60" in line
    assert line.endswith("| in one session, of The Rust plan |")
    (line,) = [line for line in text.splitlines() if line.startswith("| reference: base")]
    assert "across sessions, each over p4_hash_lookup of its own session" in line


def test_a_variant_of_other_sources_is_not_the_same() -> None:
    other = on_ladder(extra=("p4_hash_lookup",))
    for variant in other["variants"]:
        variant["source_digest"] = "1111111111111111"
    text = text_of(document(), other)
    assert "in one session" not in text


def test_ladders_of_two_machines_are_not_compared() -> None:
    other = on_ladder()
    other["environment"]["machine_digest"] = "0" * 32
    text = text_of(document(), other)
    assert "not comparable: the machines differ" in text
    assert "across sessions" not in text


def test_ladders_on_two_feeds_are_not_side_by_side() -> None:
    text = text_of(document(), on_ladder(feeds=("synth:deep-book",)))
    assert "ladders on" not in text
    assert "*The Rust plan: step of every phase" in text


def test_refuted_variants_are_on_neither_side() -> None:
    other = on_ladder()
    other["feeds"][0]["verification"][0] |= {"agrees": False, "difference": "event 5 differs"}
    text = text_of(document(), other)
    assert "reference: base" not in text


def test_results_of_lobenchs_ladder_alone_are_as_ever() -> None:
    text = text_of(document(), document(seed=2))
    assert "*Step of every phase on every feed" in text
    assert "ladders on" not in text
    assert "lobench: " not in page([document(), document(seed=2)]).answer


LADDER = """name = "The Rust plan"
[[step]]
variant = "./base.py"
title = "copies, said better"
[[step]]
variant = "./borrowed.py"
[[step]]
variant = "./unlocked.py"
"""


@pytest.mark.normal
def test_titles_of_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = on_ladder(predictions=PREDICTED)
    result = written(tmp_path, made)
    for name in TITLES:
        (tmp_path / f"{name}.py").write_text(
            'from lobench.variants import p4_hash_lookup\n\nVARIANT = p4_hash_lookup.VARIANT.derive("of the file")\n'
        )
    path = tmp_path / "ladder.toml"
    path.write_text(LADDER)
    assert main(["report", str(result), "--ladder", str(path)]) == 0
    text = (tmp_path / "report.md").read_text().replace("\u00a0", " ")
    assert "| base (copies, said better) |" in text
    assert "| borrowed (of the file) |" in text
    assert "✓ hit" in text
    path.write_text(LADDER.replace("The Rust plan", "Another plan"))
    assert main(["report", str(result), "--ladder", str(path)]) == 2
    assert "none of these results was measured on this ladder, Another plan of 3 steps" in capsys.readouterr().err


def test_a_kept_ladder_keeps_its_predictions(tmp_path: Path) -> None:
    made = on_ladder(predictions=PREDICTED)
    before = copy.deepcopy(made["ladder"]["predictions"])
    again = read(written(tmp_path, made))
    assert again["ladder"]["predictions"] == before
    assert as_json(again["ladder"])["name"] == "The Rust plan"
