"""Results on a branch of their own (examples/ci/results): two jobs at once lose nothing and conflict in nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.git import environment
from lobench.workbench.history.store import load
from tests.support.history_jobs import commit, job
from tests.support.paths import ROOT

SCRIPT = ROOT / "examples/ci/results"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout


@pytest.fixture
def clones(tmp_path: Path) -> list[Path]:
    """Two clones of a bare repository with one commit."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(tmp_path, "clone", "-q", "origin.git", "first")
    (tmp_path / "first/.gitignore").write_text(".asv/\n")
    git(tmp_path / "first", "add", "-A")
    git(tmp_path / "first", "commit", "-qm", "one")
    git(tmp_path / "first", "push", "-q", "origin", "HEAD:main")
    git(tmp_path, "clone", "-q", "origin.git", "second")
    return [tmp_path / "first", tmp_path / "second"]


def results(clone: Path, verb: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SCRIPT, verb, "results"],
        cwd=clone,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def done(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        said = process.communicate(timeout=120)[0]
        assert process.returncode == 0, said


def recorded(clone: Path, *places: int, **more: Any) -> None:
    job(clone / ".asv/lobench/here", *places, **more)


def points(clone: Path) -> set[str]:
    return set(load(clone / ".asv/lobench/here/history.json", "here").points)


@pytest.mark.long
def test_two_jobs_at_once(clones: list[Path]) -> None:
    for number in (0, 10, 20):
        done(*(results(clone, "get") for clone in clones))
        for place, clone in enumerate(clones):
            recorded(clone, number + 2 * place + 1, number + 2 * place + 2, session=f"{number}-{place}")
        # The first time, the branch does not exist yet.
        done(*(results(clone, "put") for clone in clones))
    done(*(results(clone, "get") for clone in clones))
    expected = {commit(number + place) for number in (0, 10, 20) for place in (1, 2, 3, 4)}
    assert points(clones[0]) == points(clones[1]) == expected
    names = git(clones[0], "ls-tree", "-r", "--name-only", "origin/main").split()
    assert names == [".gitignore"]
    kept = git(clones[0], "ls-tree", "-r", "--name-only", "refs/lobench/results-of-others").split()
    assert len([name for name in kept if "/recorded/" in name]) == len(expected)
    assert not [name for name in kept if name.endswith("lock")]
    assert all(git(clone, "status", "--porcelain") == "" for clone in clones)


def test_two_clones_add_variants_to_one_commit(clones: list[Path]) -> None:
    """Each clone measures another variant of it: the same file is removed, and two others are added, which git takes
    for one file renamed twice if they are similar."""
    many = [f"p{place}" for place in (0, 1, 2, 3, 5, 6)]
    for variant in many:
        recorded(clones[0], 1, variant=variant)
    done(results(clones[0], "put"))
    done(results(clones[1], "get"))
    for clone, variant in zip(clones, ("p4", "p7"), strict=True):
        recorded(clone, 1, variant=variant, session=variant)
    done(*(results(clone, "put") for clone in clones))
    done(*(results(clone, "get") for clone in clones))
    for clone in clones:
        (point,) = load(clone / ".asv/lobench/here/history.json", "here").points.values()
        assert set(next(iter(point["feeds"].values()))) == {*many, "p4", "p7"}


def test_an_empty_history_is_not_pushed(clones: list[Path]) -> None:
    done(results(clones[0], "get"))
    done(results(clones[0], "put"))
    assert git(clones[0], "ls-remote", "--heads", "origin").split()[1::2] == ["refs/heads/main"]
    wrong = results(clones[0], "have")
    assert "get or put" in wrong.communicate()[0]
    assert wrong.returncode == 2


def test_a_remote_that_does_not_answer_is_no_missing_branch(clones: list[Path]) -> None:
    recorded(clones[0], 1)
    git(clones[0], "remote", "set-url", "origin", str(clones[0] / "nowhere.git"))
    for verb in ("get", "put"):
        process = results(clones[0], verb)
        assert "origin does not answer" in process.communicate(timeout=120)[0]
        assert process.returncode == 1
