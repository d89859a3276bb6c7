"""Comparisons of two variants on documents whose true ratios are known."""

from __future__ import annotations

import pytest

from tests.support.documents import SPEEDS, document
from tests.support.typed import compare

FEED = document(processes=8, slices=24)["feeds"][0]


@pytest.mark.parametrize(
    ("base", "variant", "verdict"),
    [
        ("p3_indexed_features", "p4_hash_lookup", "faster"),
        ("p4_hash_lookup", "p3_indexed_features", "slower"),
        ("p4_hash_lookup", "p1_zero_copy", "slower"),
    ],
)
def test_direction(base: str, variant: str, verdict: str) -> None:
    found = compare(FEED, base, variant, 0.0)
    assert found["ratio"]["value"] == pytest.approx(SPEEDS[variant] / SPEEDS[base], rel=0.02)
    assert found["ratio"]["low"] < found["ratio"]["value"] < found["ratio"]["high"]
    assert (found["verdict"], found["regression"]) == (verdict, verdict == "slower")


def test_one_kernel_gets_no_verdict() -> None:
    # The same kernel under another name came out 18 % slower in every process.
    made = document(processes=8, slices=24)["feeds"][0]
    made["session"]["same_as"] = {"p4_hash_lookup": "p3_indexed_features"}
    for pair in (("p4_hash_lookup", "p3_indexed_features"), ("p3_indexed_features", "p4_hash_lookup")):
        found = compare(made, *pair, 0.0)
        assert (found["verdict"], found["regression"]) == (None, False)
        assert found["note"] == f"{pair[1]} is the same kernel as {pair[0]} here"
    # The floor near identical variants is at least the difference between them.
    assert compare(made, "p3_indexed_features", "p2_snapshot", 0.0)["floor"] > 0.2
    assert compare(made, "p0_baseline", "p1_zero_copy", 0.0)["floor"] < 0.02
    found = compare(FEED, "p0_baseline", "p0_baseline (A/A)", 0.0)
    assert (found["verdict"], found["regression"]) == (None, False)


def test_a_feed_without_evaluations_gets_no_verdict() -> None:
    made = {**document(processes=8, slices=24)["feeds"][0], "evaluations": 0}
    found = compare(made, "p4_hash_lookup", "p3_indexed_features", 0.0)
    assert (found["verdict"], found["regression"]) == (None, False)
    assert "nothing was evaluated" in found["note"]
    assert compare(made, "p4_hash_lookup", "p3_indexed_features", 0.0, until="book")["verdict"] == "slower"


@pytest.mark.parametrize(("tolerance", "regression"), [(0.0, True), (0.1, True), (0.17, False), (0.5, False)])
def test_tolerance(tolerance: float, regression: bool) -> None:
    # 3.2 / 3.9: a slowdown of 18 %, which is not certainly more than 17 %.
    found = compare(FEED, "p4_hash_lookup", "p3_indexed_features", tolerance)
    assert (found["verdict"], found["regression"]) == ("slower", regression)
    assert found["tolerance"] == tolerance


@pytest.mark.parametrize(
    ("speed", "laid_out", "processes", "of_build"),
    [
        (1.006, ["fast", "faster"], 8, False),
        (1.006, ["fast"], 8, True),
        (1.006, [], 8, True),
        (1 / 1.006, [], 8, True),
        (1.006, ["fast", "faster"], 2, True),
        (1.05, [], 8, False),
    ],
)
def test_a_small_difference_in_few_layouts_is_of_this_build(
    speed: float, laid_out: list[str], processes: int, of_build: bool
) -> None:
    speeds = {"p0_baseline": 1.0, "fast": 10.0, "faster": 10.0 * speed}
    (feed,) = document(processes=processes, slices=24, passes=8, speeds=speeds, noise=0.00001)["feeds"]
    feed["session"]["laid_out"] = laid_out
    found = compare(feed, "fast", "faster", 0.0)
    assert found["verdict"] == ("faster" if speed > 1 else "slower")
    assert found["of_build"] == of_build


def test_without_a_verdict_no_remark_about_the_build() -> None:
    found = compare(FEED, "p0_baseline", "p0_baseline (A/A)", 0.0)
    assert (found["verdict"], found["of_build"]) == (None, False)


def test_one_process_gives_no_verdict() -> None:
    alone = document(processes=1, slices=24)["feeds"][0]
    found = compare(alone, "p4_hash_lookup", "p0_baseline", 0.0)
    assert (found["verdict"], found["p"], found["regression"]) == ("no difference shown", 1.0, False)


def test_several_comparisons_share_the_error() -> None:
    one, three = (compare(FEED, "p0_baseline", "p1_zero_copy", 0.0, family) for family in (1, 3))
    assert three["p_holm"] == pytest.approx(3 * one["p_holm"])
    assert three["p"] == one["p"]
