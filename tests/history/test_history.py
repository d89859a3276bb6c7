"""`lobench history` on a scratch repository: recording, resuming, broken commits, regressions by exact counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.commits.counting import missing
from tests.support.miniature import FILES, Miniature

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")

QUICK = ("--variants", "p0_plain", "--rounds", "3", "--seconds", "0.05")


def backfilled(miniature: Miniature, *words: str) -> str:
    done = miniature.lobench("history", *words, "--feed", miniature.feed, *QUICK)
    assert done.returncode == 0, done.stderr
    return done.stderr


def regressions(miniature: Miniature) -> tuple[int, dict[str, Any]]:
    done = miniature.lobench("history", "regressions", "--json")
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    # A regression found by time alone is noise in a test.
    answer["regressions"] = [one for one in answer["regressions"] if "instructions" in one["found_by"]]
    return done.returncode, answer


def result_files(miniature: Miniature) -> dict[str, dict[str, Any]]:
    files = miniature.folder.glob(".asv/results/*/*-lobench.json")
    return {path.name[:8]: json.loads(path.read_text()) for path in files}


@pytest.fixture
def history(miniature: Miniature) -> tuple[Miniature, dict[str, str]]:
    """Nine commits: steps of work, words only, one that does not build, one that computes something else."""
    made = {
        "first": miniature.work(100),
        "step": miniature.work(104, "a step"),
        "note": miniature.work(104, "another note"),
    }
    made["broken"] = miniature.commit("broken", engine__replay="def (:\n")
    made["wrong"] = miniature.commit("wrong", engine__replay=FILES["engine/replay.py"])
    made["wrong"] = miniature.work(104, "wrong", wrong=1_000)
    (miniature.folder / "README.md").write_text("words\n")
    made["right"] = miniature.work(104, "right again")
    (miniature.folder / "README.md").write_text("more words\n")
    made["words"] = miniature.commit("words only")
    made["small"] = miniature.work(105, "a small step")
    made["less"] = miniature.work(102, "less")
    return miniature, made


def test_a_history_with_all_that_can_happen(history: tuple[Miniature, dict[str, str]]) -> None:
    miniature, made = history
    said = backfilled(miniature, "backfill", f"{made['first']}..HEAD")
    assert f"skipped: {made['broken'][:8]} (broken)" in said
    assert f"{made['wrong'][:8]} (104 loops wrong): verification failed" in said
    assert "from event 1,000 of " in said
    assert f"{made['words'][:8]} (words only): the same code as the commit before" in said
    files = result_files(miniature)
    recorded = {made[name][:8] for name in ("first", "step", "note", "right", "words", "small", "less")}
    assert recorded <= set(files)
    assert not {made[name][:8] for name in ("broken", "wrong")} & set(files)
    points = files[made["step"][:8]]["results"]
    assert points["lobench.loops_per_event"][0] == [104.0]
    (value,), (low,), (high,) = (points["lobench.nanoseconds_per_event"][place] for place in (0, 5, 6))
    assert low <= value <= high

    code, answer = regressions(miniature)
    assert code == 1
    listed = {one["commit"]: one for one in answer["regressions"]}
    assert set(listed) == {made["step"], made["small"]}
    assert 0.02 < listed[made["step"]]["instructions_change"] < 0.05
    assert listed[made["step"]]["counters_moved"] == ["loops"]
    assert listed[made["step"]]["ratio"]["low"] < listed[made["step"]]["ratio"]["high"]
    assert listed[made["step"]]["files_changed"] == ["variants/p0_plain.py"]
    assert listed[made["step"]]["recovered_by"] is None
    assert listed[made["small"]]["recovered_by"] == made["less"]
    assert set(answer["broken"]) == {made["broken"], made["wrong"]}

    # All is recorded: nothing is measured again, and broken commits are not retried.
    before = {name: file["results"] for name, file in files.items()}
    assert "commits were already recorded or given up" in backfilled(miniature, "backfill", f"{made['first']}..HEAD")
    assert {name: file["results"] for name, file in result_files(miniature).items()} == before
    again = ("backfill", f"{made['note']}..{made['broken']}", "--again")
    done = miniature.lobench("history", *again, "--feed", miniature.feed, *QUICK)
    assert f"skipped: {made['broken'][:8]} (broken)" in done.stderr
    assert done.returncode == 1


@pytest.mark.long
def test_a_record_continues_the_history(miniature: Miniature) -> None:
    first = miniature.work(100)
    backfilled(miniature, "record")
    kept = result_files(miniature)[first[:8]]["results"]
    second = miniature.work(103)
    backfilled(miniature, "record", "--commit", "HEAD")
    files = result_files(miniature)
    assert files[first[:8]]["results"] == kept
    code, answer = regressions(miniature)
    assert code == 1
    assert [one["commit"] for one in answer["regressions"]] == [second]

    acknowledged = miniature.folder / "benchmarks/acknowledged.toml"
    acknowledged.parent.mkdir()
    acknowledged.write_text(f'[[acknowledged]]\ncommit = "{second[:9]}"\nreason = "it must be"\n')
    code, answer = regressions(miniature)
    assert answer["regressions"][0]["acknowledged"] == "it must be"
    assert answer["unacknowledged"] == 0
    assert code == 0
    acknowledged.write_text('[[acknowledged]]\ncommit = "1"\n')
    done = miniature.lobench("history", "regressions")
    assert done.returncode == 2
    assert "entry 1: needs a reason" in done.stderr


@pytest.mark.long
def test_changed_results_are_recorded_with_accept_results(miniature: Miniature) -> None:
    miniature.work(5)
    backfilled(miniature, "record")
    other = miniature.work(5, "another rule", wrong=10)
    done = miniature.lobench("history", "record", "--feed", miniature.feed, *QUICK)
    assert done.returncode == 1
    assert "verification failed: p0_plain: from event 10 of " in done.stderr
    assert "--accept-results" in done.stderr
    backfilled(miniature, "record", "--accept-results")
    assert other[:8] in result_files(miniature)
    later = miniature.work(5, "and on", wrong=10)
    backfilled(miniature, "record")
    assert later[:8] in result_files(miniature)


@pytest.mark.long
def test_every_nth_commit_ends_with_the_last(miniature: Miniature) -> None:
    made = [miniature.work(3, f"{place}") for place in range(5)]
    backfilled(miniature, "backfill", f"{made[0]}..{made[4]}", "--every", "2")
    assert set(result_files(miniature)) == {made[place][:8] for place in (0, 2, 4)}


@pytest.mark.long
def test_variants_that_came_later_are_measured_against_their_own_first(miniature: Miniature) -> None:
    miniature.work(5)
    second = miniature.work(5, variant="p1_new")
    third = miniature.work(6, variant="p1_new")
    words = ("--variants", "p0_plain p1_new", "--rounds", "3", "--seconds", "0.05")
    span = ("backfill", f"{second}~1..HEAD")
    done = miniature.lobench("history", *span, "--feed", miniature.feed, *words)
    assert done.returncode == 0, done.stderr
    files = result_files(miniature)
    first = miniature.git("rev-parse", f"{second}~1")
    loops = {name[:8]: files[name[:8]]["results"]["lobench.loops_per_event"][0] for name in (first, second, third)}
    assert loops == {first[:8]: [5.0, None], second[:8]: [5.0, 5.0], third[:8]: [5.0, 6.0]}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("backfill", "HEAD"), "a range is REV..REV"),
        (("backfill", "HEAD..nothing"), "no commit named 'nothing'"),
        (("backfill", "HEAD..HEAD", "--every", "0"), "--every must be at least 1"),
        (("record", "--rounds", "1"), "--rounds must be at least 3"),
        (("record", "--seconds", "nan"), "'nan' is not a duration"),
        (("record", "--variants", "p99"), "no variant named 'p99'. Use any of p0_plain"),
        (("record", "--variants", "p0_plain p99"), "no variant named 'p99'"),
        (("record", "--variants", ""), "--variants names no variant"),
        (("record", "--variants", "events=none", "--rounds", "3", "--seconds", "0.05"), "none of these commits has"),
        (("record", "--commit", "HEAD..HEAD"), "is a range; name one commit"),
        (("backfill", "HEAD..HEAD", "--variants", "p99"), "no variant named 'p99'"),
        (("regressions",), "nothing recorded"),
    ],
)
def test_refused(miniature: Miniature, words: tuple[str, ...], told: str) -> None:
    miniature.work(1)
    feed = () if words[0] == "regressions" else ("--feed", str(miniature.feed))
    done = miniature.lobench("history", *words, *feed)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1 or "session 1: " in done.stderr
    # Nothing was written: neither a history nor asv's files.
    assert not list(miniature.folder.rglob("*.json"))


@pytest.mark.long
def test_short_names_and_commits_without_the_variant(miniature: Miniature) -> None:
    miniature.work(5)
    second = miniature.work(5, variant="p1_new")
    words = ("--feed", miniature.feed, "--variants", "p1", "--rounds", "3", "--seconds", "0.05")
    done = miniature.lobench("history", "backfill", f"{second}~1..{second}", *words)
    assert done.returncode == 0, done.stderr
    assert "has none of the variants p1_new" in done.stderr
    files = result_files(miniature)
    assert set(files) == {second[:8]}
    assert files[second[:8]]["results"]["lobench.loops_per_event"][1][0] == ["'p1_new'"]


@pytest.mark.long
def test_a_damaged_history_is_not_overwritten(miniature: Miniature) -> None:
    miniature.work(1)
    backfilled(miniature, "record")
    (file,) = Path(miniature.folder).glob(".asv/lobench/*/recorded/*.json")
    file.write_text("{")
    done = miniature.lobench("history", "record", "--feed", miniature.feed, *QUICK)
    assert done.returncode == 1
    assert "not JSON" in done.stderr
    assert file.read_text() == "{"


@pytest.mark.long
def test_the_text_of_an_issue(miniature: Miniature) -> None:
    first = miniature.work(100)
    second = miniature.work(110, "by @somebody")
    backfilled(miniature, "backfill", f"{first}..{second}")
    done = miniature.lobench("history", "regressions", "--issue", "issue.md")
    assert done.returncode == 1, done.stderr
    assert second[:8] in done.stdout
    text = (miniature.folder / "issue.md").read_text()
    assert text.splitlines()[0].startswith("Performance: p0_plain ")
    assert text.splitlines()[0].endswith(f" since {second[:8]}")
    # Only compiled kernels have costs of lines; for an engine without kernels the change is shown.
    assert "| variants/p0_plain.py:2 | changed | work = 110 |" in text
    assert f"lobench check {first[:12]}..{second[:12]} --feed {miniature.feed} --variants p0_plain" in text
    assert "@somebody" not in text
    (miniature.folder / "issue.md").unlink()
    backfilled(miniature, "record", "--commit", miniature.work(100, "taken back"))
    done = miniature.lobench("history", "regressions", "--issue", "issue.md", "--json")
    (row,) = [one for one in json.loads(done.stdout)["regressions"] if "instructions" in one["found_by"]]
    assert row["recovered_by"] == miniature.git("rev-parse", "HEAD")
