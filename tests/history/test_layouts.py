"""Commits from before and after lobench had one import name are measured in one series; the move changed nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from lobench.workbench.commits.counting import missing
from lobench.workbench.commits.origins import Own, reached
from lobench.workbench.commits.reach import modules
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.sources import Source, of_commit, of_working_tree
from tests.support.miniature import Miniature

counts = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")

EXACT = ("--variants", "p0_plain", "--exact", "--json")
QUICK = ("--variants", "p0_plain", "--rounds", "3", "--seconds", "0.05")


@pytest.fixture
def moved(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> tuple[Miniature, dict[str, str]]:
    """Commits: two steps of work, the move, an edit of the public names, another step."""
    monkeypatch.setenv("LOBENCH_CACHE_DIR", str(miniature.cache))
    made = {"first": miniature.work(100), "before": miniature.work(104), "move": miniature.move()}
    (miniature.folder / "lobench/__init__.py").write_text('"""One import name."""\nanswer = 42\n')
    made["names"] = miniature.commit("Public names")
    made["after"] = miniature.work(110)
    return miniature, made


def source(miniature: Miniature, revision: str) -> Source:
    repository = Repository(miniature.folder)
    return of_commit(repository, repository.commit(revision))


def test_each_commit_is_laid_out_as_it_was_imported(moved: tuple[Miniature, dict[str, str]]) -> None:
    miniature, made = moved
    before, after = source(miniature, made["before"]), source(miniature, made["move"])
    assert (before.packages, before.folder) == (("engine", "variants"), before.tree)
    assert (after.packages, after.folder) == (("lobench",), after.tree / "lobench")
    # Inside an empty package, whatever the commit's own contains.
    assert (after.tree / "lobench/__init__.py").read_text() == ""
    assert sorted(path.name for path in after.folder.iterdir()) == ["__init__.py", "engine", "variants"]
    assert not any(path.is_symlink() for path in after.tree.rglob("*"))


def test_the_move_reaches_no_variant(moved: tuple[Miniature, dict[str, str]]) -> None:
    miniature, made = moved
    before, move, after = (source(miniature, made[name]) for name in ("before", "move", "after"))
    assert modules(before).code == modules(move).code
    assert modules(before).imports == modules(move).imports
    own = Own(Repository(miniature.folder))
    assert reached(own, before, move) == []
    assert reached(own, before, after) == reached(own, move, after) == ["p0_plain"]


def test_an_edit_of_the_public_names_rebuilds_nothing(moved: tuple[Miniature, dict[str, str]]) -> None:
    miniature, made = moved
    move, names = source(miniature, made["move"]), source(miniature, made["names"])
    assert (names.key, names.tree, names.kernels) == (move.key, move.tree, move.kernels)
    # An uncommitted one changes nothing, either.
    clean = of_working_tree(Repository(miniature.folder))
    (miniature.folder / "lobench/__init__.py").write_text("edited = 1\n")
    assert of_working_tree(Repository(miniature.folder)).key == clean.key


@pytest.mark.long
@counts
def test_check_compares_across_the_move(moved: tuple[Miniature, dict[str, str]]) -> None:
    miniature, made = moved

    def verdict(base: str, head: str, code: int) -> str:
        done = miniature.lobench("check", made[base], made[head], "--feed", miniature.feed, *EXACT)
        assert done.returncode == code, done.stderr
        (finding,) = json.loads(done.stdout)["findings"]
        return str(finding["verdict"])

    assert verdict("before", "move", 0) == "no difference shown"
    assert verdict("before", "after", 1) == "more work"


@pytest.mark.long
@counts
def test_a_history_goes_on_after_the_move(moved: tuple[Miniature, dict[str, str]]) -> None:
    """One series: backfilled over the move, then recorded from the last commit on."""
    miniature, made = moved
    span = f"{made['first']}..{made['names']}"
    for words in (("backfill", span), ("record",)):
        done = miniature.lobench("history", *words, "--feed", miniature.feed, *QUICK)
        assert done.returncode == 0, done.stderr
    history = asdict(miniature.history())
    assert history["broken"] == {}
    points = {name: history["points"][commit] for name, commit in made.items()}
    found = {name: point["feeds"][miniature.feed.name]["p0_plain"]["exact"] for name, point in points.items()}
    assert {name: exact["loops"] for name, exact in found.items()} == {
        **{"first": 100, "before": 104, "move": 104, "names": 104, "after": 110}
    }
    assert found["move"]["instructions"] == pytest.approx(found["before"]["instructions"], rel=2e-3)
    assert points["names"]["against"]["same_code"] is True
    assert set(history["anchors"][miniature.feed.name].values()) == {made["first"]}
    recorded = {Path(path).name[:8] for path in miniature.folder.glob(".asv/results/*/*-lobench.json")}
    assert recorded == {commit[:8] for commit in made.values()}
