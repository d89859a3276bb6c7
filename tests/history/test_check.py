"""`lobench check` on commits of an engine in miniature; all verdicts come from results and exact counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.history.miniature import FILES, Miniature
from workbench.commits.counting import missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")

EXACT = ("--variants", "p0_plain", "--exact")


def judged(miniature: Miniature, code: int, *words: str) -> dict[str, Any]:
    done = miniature.lobench("check", *words, "--feed", miniature.feed, "--json")
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_more_work_fails_and_the_same_work_passes(miniature: Miniature) -> None:
    miniature.work(40)
    same = miniature.work(40, "only words")
    more = miniature.work(42)
    passed = judged(miniature, 0, "HEAD~2", same, *EXACT)
    assert [one["verdict"] for one in passed["findings"]] == ["no difference shown"]
    # An interpreter on a thread looks at its clock now and then; a compiled kernel repeats exactly.
    assert passed["findings"][0]["instructions_change"] == pytest.approx(0, abs=2e-3)
    failed = judged(miniature, 1, same, more, *EXACT)
    (finding,) = failed["findings"]
    assert finding["verdict"] == "more work"
    assert 0.01 < finding["instructions_change"] < 0.06
    assert finding["exact"]["loops"] == {"before": 40, "after": 42}
    assert finding["moved"] == ["instructions", "loops"]
    assert finding["ratio"] is None
    assert judged(miniature, 0, same, more, *EXACT, "--allow-instructions", "10")["passed"] is True
    less = judged(miniature, 0, more, same, *EXACT)
    assert less["findings"][0]["instructions_change"] < -0.01


def test_other_results_fail_and_say_where(miniature: Miniature) -> None:
    miniature.work(1)
    miniature.work(1, "wrong", wrong=5_000)
    failed = judged(miniature, 1, "HEAD~1", "HEAD", *EXACT)
    (finding,) = failed["findings"]
    assert finding["verdict"] == "results differ"
    assert finding["difference"].startswith("by record 6,000 of ")


def test_commits_without_a_difference_in_code_are_not_measured(miniature: Miniature) -> None:
    miniature.work(1)
    (miniature.folder / "README.md").write_text("words\n")
    miniature.commit("words")
    answer = judged(miniature, 0, "HEAD~1")
    assert answer["same_code"] is True
    assert answer["rounds"] == 0


def test_a_working_tree_can_be_judged_before_it_is_committed(miniature: Miniature) -> None:
    miniature.work(40)
    (miniature.folder / "variants/p0_plain.py").write_text("work = 50\nwrong = -1\n")
    assert judged(miniature, 0, "HEAD", *EXACT)["same_code"] is True
    failed = judged(miniature, 1, "HEAD", "--worktree", *EXACT)
    assert failed["head"] == "the working tree"
    assert failed["findings"][0]["verdict"] == "more work"


def test_variants_that_come_and_go(miniature: Miniature) -> None:
    miniature.work(1)
    miniature.work(1, variant="p1_new")
    both = ("--variants", "p0_plain p1_new", "--exact")
    added = judged(miniature, 0, "HEAD~1", "HEAD", *both)
    assert {one["variant"]: one["verdict"] for one in added["findings"]} == {
        "p0_plain": "no difference shown",
        "p1_new": "new",
    }
    gone = judged(miniature, 1, "HEAD", "HEAD~1", *both)
    assert gone["findings"][1]["verdict"] == "gone"


def test_timed_rounds_show_their_control(miniature: Miniature) -> None:
    """What time says is not asked here, only that it was taken and stands beside its control."""
    miniature.work(1)
    miniature.work(1, "again")
    done = miniature.lobench(
        *("check", "HEAD~1", "--feed", miniature.feed, "--json", "--variants", "p0_plain", "--budget", "1")
    )
    answer = json.loads(done.stdout)
    (finding,) = answer["findings"]
    assert answer["rounds"] >= 3
    assert answer["samples"] > 0
    assert finding["ratio"]["low"] <= finding["ratio"]["value"] <= finding["ratio"]["high"]
    assert finding["control"]["low"] <= finding["control"]["value"] <= finding["control"]["high"]
    assert finding["noise_floor"] >= 0.005


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nonsense",), 2, "no commit named 'nonsense'"),
        (("HEAD", "HEAD", "--worktree", "--budget", "-1"), 2, "--budget must be positive"),
        (("HEAD", "HEAD~1", "--worktree"), 2, "leave out HEAD"),
        (("HEAD~1", "HEAD", "--variants", "p7_none", "--exact"), 1, "neither commit has any of the variants p7_none"),
        (("HEAD~2", "HEAD", "--variants", "p0_plain", "--exact"), 1, "SyntaxError"),
    ],
)
def test_refused(miniature: Miniature, words: tuple[str, ...], code: int, told: str) -> None:
    miniature.commit("broken", engine__session="def (:\n", variants__p0_plain="")
    miniature.commit(
        "whole", **{"engine__session": FILES["engine/session.py"], "variants__p0_plain": "work = 1\nwrong = -1\n"}
    )
    miniature.work(2)
    done = miniature.lobench("check", *words, "--feed", miniature.feed)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert done.stderr.startswith("lobench: ")


def test_outside_of_a_repository(miniature: Miniature) -> None:
    (miniature.cache).mkdir()
    miniature.folder = miniature.cache
    done = miniature.lobench("check", "HEAD")
    assert done.returncode == 2
    assert "not in a git repository" in done.stderr
