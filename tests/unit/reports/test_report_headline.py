"""The sentence and the figures at the top of a page: each is about the pair that it names."""

from __future__ import annotations

from lobench.reports.headline import facts, headline
from tests.support.analyses import Document, interval
from tests.support.documents import SPEEDS, document
from tests.support.ladders import on_ladder
from tests.support.typed import views

PAIR = {name: SPEEDS[name] for name in ("p0_baseline", "p3_indexed_features", "p4_hash_lookup")}


def said(*made: Document) -> str:
    return headline(views(*made)).replace("\u00a0", " ")


def total(made: Document) -> str:
    return next(fact.note for fact in facts(views(made)) if fact.label == "in total").replace("\u00a0", " ")


def biased(kind: str) -> Document:
    made = document(kind=kind, speeds=PAIR)
    top = made["feeds"][0]["analysis"]["ladder"][-1]
    top |= {"bias": interval(1.07, 0.02), "total_alone": interval(4.2, 0.02), "step_alone": interval(1.3, 0.02)}
    return made


def test_the_isolated_figure_is_of_the_same_pair() -> None:
    assert "over p0_baseline; each alone 4.2" in total(biased("run"))
    assert "over p3_indexed_features; each alone 1.3" in total(biased("cmp"))
    made = biased("cmp")
    made["feeds"][0]["analysis"]["ladder"][-1]["step_alone"] = None
    assert "alone" not in total(made)


def test_a_comparison_is_of_its_pair_or_of_none() -> None:
    made = document(kind="cmp", speeds=PAIR)
    assert " as fast as p3_indexed_features on " in said(made)
    made["feeds"][0]["analysis"]["ladder"][-1]["step"] = None
    assert said(made) == "No two variants' speeds were compared."


def test_several_tops_are() -> None:
    one, other = document(), document(feeds=["synth:other"], speeds=PAIR)
    del other["feeds"][0]["analysis"]["ladder"][2]
    assert said(one, other).startswith("p4_hash_lookup")
    assert " is " in said(one, document(feeds=["synth:other"]))
    assert " and p3_indexed_features are " in said(one, other)


def test_ladders_on_one_feed_each_have_their_top() -> None:
    made = [document(), on_ladder()]
    sentence = said(*made)
    assert sentence.startswith("On synth:liquid-future, p4_hash_lookup is 3.9")
    assert sentence.count(" as fast as ") == 2
    total = next(fact for fact in facts(views(*made)) if fact.label == "in total")
    assert sorted(total.note.split(" to ")) == ["The Rust plan", "lobench"]
    assert "2 ladders" in said(*made, document(feeds=["synth:other"]))
