"""`lobench check` on commits of an engine in miniature; all verdicts come from results and exact counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.feeds import open_feed
from lobench.workbench.commits.counting import missing
from lobench.workbench.converting.convert import convert
from lobench.workbench.converting.schemas import SCHEMAS
from tests.support.dbn_files import header
from tests.support.miniature import FILES, Miniature

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")

EXACT = ("--variants", "p0_plain", "--exact")


TWO = {"variants__p0_plain": "work = 40\nwrong = -1\n", "variants__p2_top": "work = 10\nwrong = -1\n"}


def judged(miniature: Miniature, code: int, *words: str) -> dict[str, Any]:
    done = miniature.lobench("check", *words, "--feed", miniature.feed, "--json")
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_more_work_fails_and_the_same_work_passes(miniature: Miniature) -> None:
    miniature.work(40)
    same = miniature.commit("the same work", variants__p0_plain="work = 40\nwrong = -1\nmore = 1\n")
    more = miniature.work(42)
    passed = judged(miniature, 0, "HEAD~2", same, *EXACT)
    assert [one["verdict"] for one in passed["findings"]] == ["no difference shown"]
    # A threaded interpreter reads its clock now and then; a compiled kernel repeats exactly.
    assert passed["findings"][0]["instructions_change"] == pytest.approx(0, abs=2e-3)
    failed = judged(miniature, 1, same, more, *EXACT)
    (finding,) = failed["findings"]
    assert finding["verdict"] == "more work"
    assert 0.01 < finding["instructions_change"] < 0.06
    assert finding["exact"]["loops"] == {"before": 40, "after": 42}
    assert finding["moved"] == ["instructions", "loops"]
    assert finding["ratio"] is None
    assert judged(miniature, 0, same, more, *EXACT, "--allow-instructions", "10%")["passed"] is True
    less = judged(miniature, 0, more, same, *EXACT)
    assert less["findings"][0]["instructions_change"] < -0.01


def test_other_results_fail_and_say_where(miniature: Miniature) -> None:
    miniature.work(1)
    miniature.work(1, "wrong", wrong=5_000)
    failed = judged(miniature, 1, "HEAD~1", "HEAD", *EXACT)
    (finding,) = failed["findings"]
    assert finding["verdict"] == "results differ"
    assert finding["difference"].startswith("from event 5,000 of ")


def test_commits_without_a_difference_in_code_are_not_measured(miniature: Miniature) -> None:
    miniature.work(1)
    (miniature.folder / "README.md").write_text("words\n")
    miniature.commit("words")
    answer = judged(miniature, 0, "HEAD~1")
    assert answer["same_code"] is True
    assert answer["rounds"] == 0


@pytest.mark.long
def test_a_working_tree_can_be_judged_before_it_is_committed(miniature: Miniature) -> None:
    miniature.work(40)
    (miniature.folder / "variants/p0_plain.py").write_text("work = 50\nwrong = -1\n")
    assert judged(miniature, 0, "HEAD", "--same", *EXACT)["same_code"] is True
    failed = judged(miniature, 1, "HEAD", "--worktree", *EXACT)
    assert failed["head"] == "the working tree"
    assert failed["findings"][0]["verdict"] == "more work"


@pytest.mark.long
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


@pytest.mark.long
def test_timed_rounds_show_their_control(miniature: Miniature) -> None:
    """The result of the timing is not judged here, only that it was done and has its control."""
    miniature.work(1)
    miniature.commit("again", variants__p0_plain="work = 1\nwrong = -1\nmore = 1\n")
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
        (("HEAD", "HEAD", "--worktree", "--budget", "-1"), 2, "'-1' is not a duration; write 90, 90s or 2m"),
        (("HEAD", "HEAD~1", "--worktree"), 2, "leave out HEAD"),
        (
            ("HEAD~1", "HEAD", "--allow-instructions", "nan"),
            2,
            "--allow-instructions takes per cent like 0.5%, was 'nan'",
        ),
        (("HEAD~1", "HEAD", "--variants", "p7_none"), 2, "no variant named 'p7_none'. Use any of p0_plain"),
        (("HEAD~1", "HEAD", "--variants", "p0,layout=none", "--exact"), 2, "neither commit has the variant"),
        (("HEAD~1", "HEAD", "--variants", " "), 2, "--variants names no variant"),
        (("HEAD",), 2, "BASE and HEAD are both"),
        (("HEAD~0", "main"), 2, "BASE and HEAD are both"),
        (("main..HEAD",), 2, "BASE and HEAD are both"),
        (("HEAD~1...HEAD", "HEAD"), 2, "leave out HEAD"),
        (("HEAD~1..HEAD", "--worktree"), 2, "leave out --worktree"),
        (("HEAD~1..nonsense",), 2, "no commit named 'nonsense'"),
        (("HEAD~1", "HEAD~1..HEAD"), 2, "'HEAD~1..HEAD' is a range"),
        (("HEAD^{tree}",), 2, "something other than a commit is named"),
        (("^HEAD",), 2, "no commit named '^HEAD'"),
    ],
)
def test_refused(miniature: Miniature, words: tuple[str, ...], code: int, told: str) -> None:
    miniature.commit("broken", engine__replay="def (:\n", variants__p0_plain="")
    miniature.commit(
        "whole", **{"engine__replay": FILES["engine/replay.py"], "variants__p0_plain": "work = 1\nwrong = -1\n"}
    )
    miniature.work(2)
    done = miniature.lobench("check", *words, "--feed", miniature.feed)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert done.stderr.startswith("lobench: ")


@pytest.mark.fast
def test_outside_of_a_repository(miniature: Miniature) -> None:
    (miniature.cache).mkdir()
    miniature.folder = miniature.cache
    done = miniature.lobench("check", "HEAD")
    assert done.returncode == 2
    assert "not in a git repository" in done.stderr


@pytest.mark.long
def test_ranges_are_understood_as_git_does(miniature: Miniature) -> None:
    """``A..B`` compares A with B, ``A...B`` the changes of B since both parted; an omitted side is HEAD."""
    start = miniature.work(40)
    miniature.git("switch", "-qc", "side")
    side = miniature.work(50)
    miniature.git("switch", "-q", "main")
    ahead = miniature.work(60)
    for words, base, head in (
        ("main...side", start, side),
        ("..side", ahead, side),
    ):
        answer = judged(miniature, int("..." in words), words, *EXACT)
        assert (answer["base"][:8], answer["head"][:8]) == (base[:8], head[:8]), words


@pytest.mark.long
def test_variants_that_a_change_reaches_are_checked(miniature: Miniature) -> None:
    """Neither the reference nor the top imports it: by default it is counted all the same."""
    miniature.commit("three", **TWO, variants__p1_middle="work = 20\nwrong = -1\n")
    miniature.commit("slower", variants__p1_middle="work = 24\nwrong = -1\n")
    failed = judged(miniature, 1, "HEAD~1", "--exact")
    assert {one["variant"]: one["verdict"] for one in failed["findings"]} == {"p1_middle": "more work"}
    assert (failed["not_looked_at"], failed["not_reached"]) == ([], ["p0_plain", "p2_top"])
    assert failed["files_changed"] == ["variants/p1_middle.py"]
    words = miniature.commit("words", variants__p1_middle="# words\n'''more'''\nwork = 24\nwrong = -1\n")
    told = judged(miniature, 0, f"{words}~1", "--exact")
    assert (told["same_code"], told["findings"]) == (True, [])


@pytest.mark.long
def test_a_timed_check_counts_the_untimed_variants(miniature: Miniature) -> None:
    three = {
        name: f"import engine.extra\n{text}"
        for name, text in {**TWO, "variants__p1_middle": "work = 20\nwrong = -1\n"}.items()
    }
    miniature.commit("three", **three, engine__extra="")
    miniature.commit("reached", engine__extra="a = 1\n")
    miniature.commit(
        "wrong", engine__extra="a = 2\n", variants__p1_middle=three["variants__p1_middle"].replace("-1", "9")
    )
    words = ("--budget", "1", "--allow-instructions", "50%")
    reached = judged(miniature, 0, "HEAD~2", "HEAD~1", *words)
    assert reached["rounds"] >= 3
    assert {one["variant"]: one["ratio"] is not None for one in reached["findings"]} == {
        **{"p0_plain": True, "p2_top": True, "p1_middle": False},
    }
    failed = judged(miniature, 1, "HEAD~1", "HEAD", *words)
    assert {one["variant"] for one in failed["findings"] if one["verdict"] == "results differ"} == {"p1_middle"}


@pytest.mark.long
def test_a_head_that_does_not_run_fails(miniature: Miniature) -> None:
    miniature.work(1)
    miniature.commit("broken", engine__replay="def (:\n")
    answer = judged(miniature, 1, "HEAD~1", "--exact")
    assert (answer["outcome"], answer["findings"]) == ("failed", [])
    assert "SyntaxError" in answer["broken"]
    done = miniature.lobench("check", "HEAD~1", "--exact", "--feed", miniature.feed)
    assert "FAILED: HEAD does not run: " in done.stdout


@pytest.mark.long
def test_unchecked_variants_make_the_check_incomplete(miniature: Miniature) -> None:
    miniature.commit("three", **TWO, variants__p1_middle="work = 20\nwrong = -1\n")
    miniature.commit("slower", variants__p1_middle="work = 24\nwrong = -1\n")
    left = judged(miniature, 4, "HEAD~1", "--exact", "--variants", "p0 p2")
    assert (left["outcome"], left["not_looked_at"]) == ("incomplete", ["p1_middle"])
    told = miniature.lobench("check", "HEAD~1", "--exact", "--variants", "p0 p2", "--feed", miniature.feed)
    assert told.returncode == 4
    assert "not looked at p1_middle: the change reaches them" in told.stdout
    assert told.stdout.splitlines()[-1] == "INCOMPLETE, no verdict: not looked at: p1_middle"
    everything = judged(miniature, 1, "HEAD~1", "--exact", "--variants", "ladder")
    assert (everything["outcome"], len(everything["findings"])) == ("failed", 3)


@pytest.mark.long
def test_a_new_variant_that_is_wrong_fails(miniature: Miniature) -> None:
    miniature.work(1)
    miniature.commit("new", variants__p1_new="work = 1\nwrong = 77\n")
    failed = judged(miniature, 1, "HEAD~1", "--exact")
    assert {one["variant"]: one["verdict"] for one in failed["findings"]} == {
        **{"p0_plain": "no difference shown", "p1_new": "results differ"},
    }


@pytest.mark.long
@pytest.mark.parametrize(
    "broken",
    [
        "def (:\n",
        pytest.param("import no_such_module\n", marks=pytest.mark.long),
        pytest.param("raise ValueError('torn')\n", marks=pytest.mark.long),
    ],
)
def test_a_commit_that_repairs_a_broken_base_passes(miniature: Miniature, broken: str) -> None:
    miniature.commit("broken", **TWO | {"engine__replay": broken})
    miniature.commit("repaired", engine__replay=FILES["engine/replay.py"])
    passed = judged(miniature, 0, "HEAD~1", "--exact")
    assert passed["outcome"] == "repaired"
    assert [one["verdict"] for one in passed["findings"]] == ["repaired", "repaired"]
    told = miniature.lobench("check", "HEAD~1", "--exact", "--feed", miniature.feed)
    assert told.stdout.splitlines()[-1].startswith("PASSED, a repair: p0_plain (repaired), p2_top (repaired).")


@pytest.mark.long
def test_a_repair_of_one_variant_is_compared_in_the_others(miniature: Miniature) -> None:
    miniature.commit("broken", **TWO | {"variants__p2_top": "work = None\nwrong = -1\n"})
    miniature.commit("repaired", **TWO)
    miniature.commit("repaired and slower", **TWO | {"variants__p0_plain": "work = 60\nwrong = -1\n"})
    assert judged(miniature, 0, "HEAD~2", "HEAD~1", "--exact")["outcome"] == "repaired"
    slower = judged(miniature, 1, "HEAD~2", "HEAD", "--exact")
    assert {one["variant"]: one["verdict"] for one in slower["findings"]} == {
        **{"p0_plain": "more work", "p2_top": "repaired"},
    }


@pytest.mark.long
def test_a_repair_of_wrong_results_passes_and_a_wrong_head_does_not(miniature: Miniature) -> None:
    miniature.commit("wrong", **TWO | {"variants__p2_top": "work = 10\nwrong = 50\n"})
    right = miniature.commit("right", **TWO)
    repaired = judged(miniature, 0, "HEAD~1", "HEAD", "--exact")
    assert {one["variant"]: one["verdict"] for one in repaired["findings"]} == {
        **{"p2_top": "repaired"},
    }
    miniature.commit("wrong otherwise", variants__p2_top="work = 10\nwrong = 60\n")
    assert judged(miniature, 1, f"{right}~1", "HEAD", "--exact")["outcome"] == "failed"
    # The reference was wrong, and the top is unchanged.
    miniature.commit("reference wrong", **TWO | {"variants__p0_plain": "work = 40\nwrong = 50\n"})
    miniature.commit("reference right", **TWO)
    assert judged(miniature, 0, "HEAD~1", "HEAD", "--exact")["outcome"] == "repaired"
    # Both results differ from before, so it may not be a repair.
    both = {name: text.replace("-1", "50") for name, text in TWO.items()}
    miniature.commit("another rule", **both)
    assert judged(miniature, 1, "HEAD~1", "HEAD", "--exact")["outcome"] == "failed"


@pytest.mark.long
def test_a_killed_base_is_no_repair(miniature: Miniature) -> None:
    dies = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    miniature.commit("dies", **TWO | {"engine__replay": dies})
    miniature.commit("lives", engine__replay=FILES["engine/replay.py"])
    done = miniature.lobench("check", "HEAD~1", "--exact", "--feed", miniature.feed)
    assert done.returncode == 4
    assert "nothing to compare" in done.stderr


def test_a_feed_without_records_is_refused(miniature: Miniature) -> None:
    miniature.work(1)
    miniature.work(2)
    miniature.feed.write_bytes(header())
    done = miniature.lobench("check", "HEAD~1", "--exact", "--feed", miniature.feed)
    assert done.returncode == 2
    assert "no records" in done.stderr


def test_without_git_there_is_no_verdict(miniature: Miniature) -> None:
    miniature.work(1)
    done = miniature.lobench("check", "HEAD", PATH="/nowhere")
    assert done.returncode == 4
    assert "git is not installed" in done.stderr


def test_a_check_without_an_answer_leaves_no_report_of_an_earlier_one(miniature: Miniature) -> None:
    miniature.work(1)
    files = [miniature.folder.parent / name for name in ("junit.xml", "check.md")]
    for file in files:
        file.write_text("of an earlier one")
    done = miniature.lobench("check", "nothing", "--junit", files[0], "--markdown", files[1])
    assert done.returncode == 2
    assert not any(file.exists() for file in files)


@pytest.mark.long
def test_a_table_is_a_feed_that_every_commit_reads(miniature: Miniature, tmp_path: Path) -> None:
    """The engine in miniature reads DBN alone."""
    table = str(tmp_path / "day.csv")
    convert(open_feed([str(miniature.feed)]), table, SCHEMAS["mbo"], raw=True)
    miniature.work(40)
    miniature.work(42)
    done = miniature.lobench("check", "HEAD~1", *EXACT, "--feed", table, "--json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert [one["verdict"] for one in answer["findings"]] == ["more work"]
    assert [one["feed"] for one in answer["findings"]] == ["day.csv"]
