"""check, history and asv's series for other repositories, with eight commits of known effect. Exact counts decide;
times are not judged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.commits.counting import missing
from lobench.workbench.results.model.verdict import FASTER
from tests.history.engine_repositories import RARE, EngineRepository, cpp, rust

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=f"{missing()}"),
    pytest.mark.xdist_group("any_repository"),
]

QUICK = ("--rounds", "3", "--seconds", "0.05")


@pytest.fixture(scope="module")
def cplusplus(tmp_path_factory: pytest.TempPathFactory) -> EngineRepository:
    if shutil.which("g++") is None:
        pytest.skip("there is no g++")
    folder = tmp_path_factory.mktemp("cpp")
    return cpp(folder / "repository", folder / "cache")


@pytest.fixture(scope="module")
def rusty(tmp_path_factory: pytest.TempPathFactory) -> EngineRepository:
    if shutil.which("rustc") is None:
        pytest.skip("there is no rustc")
    folder = tmp_path_factory.mktemp("rust")
    return rust(folder / "repository", folder / "cache")


def judged(repository: EngineRepository, code: int, base: str, head: str, *words: str) -> dict[str, Any]:
    made = repository.made
    done = repository.lobench("check", made[base], made[head], "--exact", "--json", *words)
    assert done.returncode == code, (done.stdout, done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def backfilled(repository: EngineRepository, *words: str) -> str:
    made = list(repository.made.values())
    done = repository.lobench("history", "backfill", f"{made[0]}..{made[-1]}", *QUICK, *words)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stderr


def listed(repository: EngineRepository) -> dict[str, dict[str, Any]]:
    """Subject to the regression that exact counts found there."""
    done = repository.lobench("history", "regressions", "--json")
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["regressions"]
    return {one["subject"]: one for one in found if "instructions" in one["found_by"]}


def told_right(repository: EngineRepository, engine: str, *words: str) -> None:
    """The intended effect of each commit, by the history and by checks of neighbours."""
    before = repository.state()
    said = backfilled(repository, *words)
    made = repository.made
    content = repository.history()
    names = {commit: subject for subject, commit in made.items()}
    assert {names[commit] for commit in content.broken} == {"a build that breaks", "a wrong result"}
    assert {names[commit] for commit in content.points} == set(made) - {"a build that breaks", "a wrong result"}
    assert content.points[made["words"]]["against"]["same_code"] is True
    assert "its build ended with code" in content.broken[made["a build that breaks"]]
    assert "verification failed: book: from event" in content.broken[made["a wrong result"]]
    assert "skipped: " in said

    against: dict[str, Any]
    against = {subject: (content.points.get(commit) or {}).get("against") for subject, commit in made.items()}
    slower, rare = against["slower by 5 %"], against["twice the work in a rare action"]
    assert 0.03 < slower["findings"][0]["instructions_change"] < 0.08
    assert slower["files"] == [engine]
    assert slower["findings"][0]["lines"][0]["file"] == engine
    assert "record.order_id" in slower["findings"][0]["lines"][0]["text"]
    assert 0.3 < rare["findings"][0]["actions"][RARE] < 4
    found = listed(repository)
    # A commit that took less time is no regression, and a session this short may err.
    surely = {"slower by 5 %": slower, "twice the work in a rare action": rare}
    assert set(found) == {name for name, one in surely.items() if one["findings"][0]["timing"] != FASTER}
    told = repository.lobench("history", "regressions")
    assert all(one["commit"][:8] in told.stdout for one in found.values())
    assert "error" in next(line for line in told.stdout.splitlines() if "(a build that breaks)" in line)

    order = list(made)
    slower = judged(
        repository, 1, "do not copy records" if "do not copy records" in made else order[3], order[4], *words
    )
    assert slower["findings"][0]["verdict"] == "more work"
    rare_one = judged(repository, 1, order[4], order[5], *words)["findings"][0]
    assert (rare_one["verdict"], next(iter(rare_one["actions"]))) == ("more work", RARE)
    assert abs(rare_one["instructions_change"]) < 0.03
    broken = judged(repository, 1, order[6], order[7], *words)
    assert "error" in broken["broken"]
    assert repository.state() == before


def passes_and_repairs_are_told(repository: EngineRepository) -> None:
    """The gate's output for the other changes."""
    order = list(repository.made)
    for base, head in pairwise(order[:4]):
        better = judged(repository, 0, base, head)
        assert better["outcome"] == "passed"
        assert better["findings"][0]["instructions_change"] < -0.01, head
    same = judged(repository, 0, order[5], order[6])
    assert (same["same_code"], same["findings"]) == (True, [])
    wrong = judged(repository, 1, order[6], order[8])["findings"][0]
    assert wrong["verdict"] == "results differ"
    assert wrong["difference"].startswith("from event ")
    for bad in order[7:9]:
        assert judged(repository, 0, bad, order[6])["outcome"] == "repaired"


@pytest.mark.long
def test_a_change_is_judged(cplusplus: EngineRepository) -> None:
    """On the feed of the whole history below, which finds these commits verified and counted."""
    before = cplusplus.state()
    slower = judged(cplusplus, 1, "do not copy records", "slower by 5 %")
    (finding,) = slower["findings"]
    assert (slower["outcome"], finding["verdict"], finding["ratio"]) == ("failed", "more work", None)
    assert 0.03 < finding["instructions_change"] < 0.08
    assert (slower["files_changed"], finding["lines"][0]["file"]) == (["src/engine.cpp"], "src/engine.cpp")
    assert judged(cplusplus, 0, "slower by 5 %", "do not copy records")["outcome"] == "passed"
    same = judged(cplusplus, 0, "twice the work in a rare action", "words")
    assert (same["same_code"], same["findings"]) == (True, [])
    broken = judged(cplusplus, 1, "words", "a build that breaks")
    assert "has no member named" in broken["broken"]
    assert cplusplus.state() == before
    assert not list(cplusplus.cache.glob("commits/building/.making-*"))


@pytest.mark.long
def test_eight_commits_in_cpp(cplusplus: EngineRepository) -> None:
    told_right(cplusplus, "src/engine.cpp")
    passes_and_repairs_are_told(cplusplus)


@pytest.mark.long
def test_a_killed_command_leaves_the_repository_unchanged(tmp_path: Path) -> None:
    files = {"book.py": "", "lobench.toml": 'build = "sleep 300"\nartifact = "book.py"\n'}
    repository = EngineRepository(tmp_path / "repository", tmp_path / "cache", files, ())
    repository.commit("another", book="x = 1\n")
    before = repository.state()
    building = repository.cache / "commits/building"
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        with repository.started("check", "HEAD~1") as process:
            deadline = time.monotonic() + 120
            while not list(building.glob(".making-*/source/book.py")) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.5)
            os.kill(process.pid, number)
            process.communicate()
        assert process.returncode != 0
        assert repository.state() == before
        if number == signal.SIGKILL:
            shutil.rmtree(building)
    assert not list(building.glob(".making-*"))


@pytest.mark.long
def test_eight_commits_in_rust(rusty: EngineRepository) -> None:
    told_right(rusty, "parts/engine.rs", "--ladder", "plan/ladder.toml")
