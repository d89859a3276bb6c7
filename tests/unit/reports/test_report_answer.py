"""The sentence at the top of a page agrees with the figures."""

from __future__ import annotations

from lobench.reports import numbers
from lobench.reports.answer import answer
from lobench.reports.numbers import TIMES
from tests.support import typed
from tests.support.analyses import Document, interval
from tests.support.documents import SPEEDS, document
from tests.support.reported import complete, many, refuted, renamed
from tests.support.typed import page, views


def said(made: Document) -> str:
    return answer(views(made)).replace("\u00a0", " ")


def test_the_answer_for_one_feed() -> None:
    made = complete()
    ladder = {rung["variant"]: rung for rung in made["feeds"][0]["analysis"]["ladder"]}
    ladder["p4_hash_lookup"]["total"] = {"value": 10.31, "low": 9.9, "high": 10.8}
    ladder["p3_indexed_features"]["step"] = {"value": 6.71, "low": 6.4, "high": 7.07}
    made["feeds"][0]["analysis"]["noise"]["floor"] = 0.046
    times = "\N{MULTIPLICATION SIGN}"
    assert said(made) == (
        f"p4_hash_lookup is 10.3{times} (9.9 to 10.8) as fast as p0_baseline on synth:liquid-future; all 5 variants "
        "agree to the last bit over 98,304 events; the biggest phase, p3_indexed_features, gained "
        f"6.71{times} (6.40 to 7.07) where 1.2{times} was predicted; noise floor "
        "4.6%, smallest effect reliably detected 0.80% to 1.2%."
    )


def test_several_feeds_give_ranges() -> None:
    made = many()
    for feed, value in zip(made["feeds"], (5.0, 9.0, 7.0), strict=True):
        feed["analysis"]["ladder"][-1]["total"] = interval(value, 0.02)
        feed["analysis"]["noise"]["floor"] = value / 100
    text = said(made)
    assert text.startswith("Over 3 feeds, p4_hash_lookup ran 5.00\N{MULTIPLICATION SIGN} (4.90 to 5.10) to 9.0")
    assert ") as fast as p0_baseline; " in text
    assert "all 5 variants agree to the last bit over 294,912 events" in text
    assert "(on 3 of 3 feeds), p3_indexed_features" in text
    assert "noise floor 5.0% to 9.0%, smallest effect reliably detected 0.80% to 1.2%." in text


def test_a_refuted_variant_is_named_and_not_counted_on() -> None:
    text = said(refuted())
    assert text.startswith("p3_indexed_features is ")
    assert "but p4_hash_lookup does not compute the reference's results" in text
    assert "all 5" not in text


def test_no_difference_is_not_called_faster() -> None:
    made = complete()
    top = made["feeds"][0]["analysis"]["ladder"][-1]
    top["total"], top["total_verdict"] = interval(1.01), "no difference shown"
    assert said(made).startswith("p4_hash_lookup shows no difference in speed from p0_baseline: 1.01")


def test_the_answer_without_a_measurement() -> None:
    made = document(status="partial")
    assert said(made) == (
        "Nothing was measured on synth:liquid-future; all 5 variants agree to the last bit over 98,304 events."
    )
    made["feeds"][0]["verification"] = []
    assert said(made) == "Nothing was measured on synth:liquid-future; no variant was verified."
    assert answer([]) == "This result holds no feed."


def test_a_variant_beside_the_ladder_is_compared_with_its_top() -> None:
    made = document(speeds={**SPEEDS, "mine": 4.6})
    rung = made["feeds"][0]["analysis"]["ladder"][-1]
    assert rung["variant"] == "mine"
    text = said(made)
    assert text.startswith("p4_hash_lookup is ")
    assert f"; mine is {spelled(rung['step'])} as fast as p4_hash_lookup; ".replace("\u00a0", " ") in text
    rung["step_verdict"] = "no difference shown"
    assert "; mine shows no difference in speed from p4_hash_lookup: " in said(made)


def test_a_comparison_is_of_its_two_variants() -> None:
    speeds = {name: SPEEDS[name] for name in ("p0_baseline", "p3_indexed_features", "p4_hash_lookup")}
    text = said(document(kind="cmp", speeds=speeds))
    assert text.startswith("p4_hash_lookup is 1.2")
    assert " as fast as p3_indexed_features on synth:liquid-future; all 3 variants agree" in text
    assert "biggest" not in text


def test_a_step_over_several_phases_is_no_phase_s() -> None:
    speeds = {name: SPEEDS[name] for name in ("p0_baseline", "p3_indexed_features", "p4_hash_lookup")}
    assert "the biggest phase, p4_hash_lookup, gained 1.2" in said(document(speeds=speeds))


def test_the_control_names_the_reference() -> None:
    made = renamed(complete(), {"p0_baseline": "other", "p0_baseline (A/A)": "other (A/A)"})
    assert " as fast as other on " in said(made)


def test_a_bias_stands_in_the_headline() -> None:
    made = document()
    top = made["feeds"][0]["analysis"]["ladder"][-1]
    bias, total = interval(1.07, 0.02), interval(4.2, 0.02)
    top |= {"bias": bias, "total_alone": total, "step_alone": interval(1.3, 0.02)}
    alone, cost = plain(spelled(total)), plain(spelled(bias))
    assert f"(each alone: {alone}; side by side it takes {cost} as long)" in said(made)
    text = plain(str(page([made])))
    assert f"alone {alone}" in text
    assert f"Side by side, these take a different time than alone: p4_hash_lookup {cost}" in text


def test_one_kernel_is_neither_top_nor_earns() -> None:
    """The kernel is named; the headline uses its first name."""
    made = document(speeds={**SPEEDS, "p5_memory_pool": 9.0})
    note = "the same kernel as p4_hash_lookup here"
    rung = made["feeds"][0]["analysis"]["ladder"][-1]
    rung |= {"same_as": "p4_hash_lookup", "note": note, "score": "open"}
    rung |= dict.fromkeys(("step", "step_wall", "step_verdict", "step_p", "step_p_holm", "total_verdict"))
    text = said(made)
    assert text.startswith("p4_hash_lookup is 3.")
    assert "p5_memory_pool" not in text
    shown = str(page([made, document(feeds=["synth:other"])]))
    assert shown.count(note) == 2  # in the ladder and in the table across feeds


def test_unproven_gains_are_not_called_gains() -> None:
    made = document()
    for rung in made["feeds"][0]["analysis"]["ladder"][1:]:
        rung["step_verdict"] = "no difference shown"
    assert "gained" not in said(made)


def test_a_feed_without_evaluations_has_no_headline() -> None:
    made = document()
    made["feeds"][0]["evaluations"] = 0
    said_of_it = said(made)
    assert said_of_it.startswith("synth:liquid-future has no record that closes an event: nothing was evaluated")
    assert "as fast as" not in said_of_it
    warnings = [text.text for text in page([made]).warnings]
    assert any("--evaluate every" in text for text in warnings)
    # Beside a feed with evaluations, that feed gives the headline.
    other = document(feeds=["synth:other"])
    assert "as fast as p0_baseline on synth:other" in answer(views(made, other))


def test_the_noise_floor_at_the_top_is_shown() -> None:
    made = document()
    noise = made["feeds"][0]["analysis"]["noise"]
    noise["floor"] = 0.0018
    noise["controls"].append({"variant": "p5", "of": "p4_hash_lookup", "ratio": interval(1.0), "floor": 0.018})
    assert "noise floor 0.18% to 1.8%" in said(made)
    assert "p5 against p4_hash_lookup, the same kernel" in str(page([made]))


def spelled(interval: dict[str, float]) -> str:
    return numbers.spelled(typed.interval(interval), TIMES)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\\xa0", " ")
