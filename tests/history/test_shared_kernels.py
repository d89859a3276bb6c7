"""Commits share kernels: code that is the same in two of them is compiled once, in whatever folders they are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from lobench.engine.policy import COMPILED_AXES, Variant
from lobench.engine.replay import Replay
from lobench.workbench.commits import participant, sources
from lobench.workbench.commits.building import Build, build_all
from lobench.workbench.commits.counting import missing
from lobench.workbench.commits.findings import MORE_WORK
from lobench.workbench.commits.gate import Settings, check
from lobench.workbench.commits.identities import kernels_of
from lobench.workbench.commits.origins import Own, reached
from lobench.workbench.commits.participant import started
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.shared_kernels import shares
from lobench.workbench.commits.sources import Source
from tests.support.paths import ROOT
from tests.support.replays import LADDER

SEARCH = '    return table_get(book["orders"], order_id, LOOKUP_PROBES, probe)\n'
ANOTHER = SEARCH.replace("return", "probe = probe\n    return")
P4 = "variants/p4_hash_lookup.py"
P7 = "variants/p7_cache_layout/sides.py"
CANDIDATES = "variants/p7_cache_layout/candidates.py"
GROWN = '    level["size"] += size\n'


class Commits:
    """A scratch repository with this one's engine and variants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("engine", "variants"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "constraints.txt", "lobench/__init__.py"):
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
        self.git("init", "-q", "-b", "main")
        self.base = self.commit()

    def git(self, *words: str) -> None:
        identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
        subprocess.run(["git", "-C", str(self.folder), *identity, *words], check=True, capture_output=True)

    def commit(self) -> Source:
        self.git("add", "-A")
        self.git("commit", "-qm", "a state")
        return self.source()

    def source(self) -> Source:
        repository = Repository(self.folder)
        return sources.of_commit(repository, repository.commit("HEAD"))

    def edit(self, file: str, old: str, new: str) -> Source:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return self.commit()


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commits:
    monkeypatch.setenv("LOBENCH_CACHE_DIR", str(tmp_path / "cache"))
    return Commits(tmp_path / "repository")


COUNTING = """
import runpy, sys
from numba.core import event

class Listener(event.Listener):
    def on_start(self, event):
        with open({log!r}, "a") as log:
            log.write(event.data["dispatcher"].py_func.__qualname__ + "\\n")

    def on_end(self, event):
        pass

event.register("numba:compile", Listener())
runpy.run_path({worker!r}, run_name="__main__")
"""
"""The worker, with a log of each function that is compiled."""


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Returns the number of replay kernels compiled since its last call."""
    log, script = tmp_path / "compiled", tmp_path / "worker.py"
    script.write_text(COUNTING.format(log=str(log), worker=str(participant.WORKER)))
    monkeypatch.setattr(participant, "WORKER", script)

    def count() -> int:
        found = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        return found.count("_build.<locals>.replay")

    return count


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            P4,
            SEARCH,
            ANOTHER,
            ["p4_hash_lookup", "p5_memory_pool", "p6_simd"],
        ),
        (CANDIDATES, "_NARROW = 256", "_NARROW = 255", []),
        (P7, GROWN, GROWN * 2, ["p7_cache_layout", "p8_profile_guided"]),
        ("engine/trackers.py", "ALPHA = 0.1", "ALPHA = 0.2", [variant.name for variant in LADDER]),
        ("engine/digest.py", '"""', '"""More words. ', []),
    ],
)
def test_a_change_reaches_the_variants_whose_kernels_it_changes(
    commits: Commits, file: str, old: str, new: str, expected: list[str]
) -> None:
    """Phases 7 and 8 import phase 4 but use nothing of it; the code that tunes phase 7 is in no kernel."""
    after = commits.edit(file, old, new)
    assert reached(Own(Repository(commits.folder)), commits.base, after) == expected


def test_a_replay_takes_of_its_variant_the_kernels_and_the_parameters_alone() -> None:
    """So everything else in a variant's modules is not part of its identity; ``layout`` decides how books are
    inspected."""
    asked = set()

    class Asked:
        def __getattr__(self, name: str) -> Any:
            asked.add(name)
            return getattr(LADDER[0], name)

    with Replay(cast(Variant, Asked()), observe=False):
        pass
    assert asked <= {*COMPILED_AXES, "parameters"}


def test_an_edit_that_is_in_no_kernel_is_not_measured(commits: Commits) -> None:
    commits.edit(CANDIDATES, "_NARROW = 256", "_NARROW = 255")
    found = check(Own(Repository(commits.folder)), "HEAD~1", "HEAD", Settings(["synth:liquid-future,n=1000"]))
    assert (found.same_code, found.findings, found.outcome) == (True, [], "passed")
    assert found.unreached == [variant.name for variant in LADDER]


@pytest.mark.long
def test_kernels_that_two_commits_share_are_compiled_once(commits: Commits, compiled: Callable[[], int]) -> None:
    after = commits.edit(P4, SEARCH, ANOTHER)
    names = ("p0_baseline", "p4_hash_lookup")
    known = kernels_of([commits.base, after])
    builds = [
        Build(source, name, "timed", kernel=kernels[name])
        for source, kernels in zip((commits.base, after), known, strict=True)
        for name in names
    ]
    assert build_all(builds) == {}
    assert compiled() == 3, "p0 of one of them, p4 of both"
    assert build_all(builds) == {}
    assert compiled() == 0
    for build in builds:
        build.mark.unlink()
    assert build_all(builds) == {}
    assert compiled() == 0, "they are in the cache"


@pytest.mark.long
@pytest.mark.skipif(missing() is not None, reason=f"{missing()}")
def test_a_check_compiles_no_more_than_it_needs(commits: Commits, compiled: Callable[[], int]) -> None:
    """Three variants of both commits for instruction counts; the two ends, which do more work, for mechanism
    counters."""
    twice = SEARCH.replace("return ", "if ").replace("probe)\n", "probe) == 0:\n        return 0\n") + SEARCH
    commits.edit(P4, SEARCH, twice)
    settings = Settings(["synth:liquid-future,n=30000"], timed=False)
    found = check(Own(Repository(commits.folder)), "HEAD~1", "HEAD", settings)
    assert {one.variant: one.verdict for one in found.findings} == {
        **{"p4_hash_lookup": MORE_WORK, "p5_memory_pool": MORE_WORK, "p6_simd": MORE_WORK},
    }
    assert all("lookup_probes" in one.moved for one in found.findings if one.variant != "p5_memory_pool")
    assert found.unreached == [one.name for one in LADDER if one.phase not in (4, 5, 6)]
    assert compiled() == 2 * 3 + 2 * 2


WHERE = """
from lobench.engine import book
from lobench.variants import p4_hash_lookup
for module, function in ((book, book.build_book), (p4_hash_lookup, p4_hash_lookup.find)):
    print(module.__file__)
    print(function.__code__.co_filename)
"""


def test_functions_of_equal_files_stand_in_one_place(commits: Commits, tmp_path: Path) -> None:
    after = commits.edit(P4, SEARCH, ANOTHER)
    script = tmp_path / "where.py"
    script.write_text(WHERE)

    def places(source: Source) -> list[Path]:
        done = subprocess.run(**started(source, script), stdout=subprocess.PIPE, text=True, check=True)
        return [Path(line) for line in done.stdout.splitlines()]

    old, new = places(commits.base), places(after)
    assert [path.relative_to(commits.base.tree) for path in old[::2]] == [
        path.relative_to(after.tree) for path in new[::2]
    ]
    assert old[1] == new[1]
    assert old[3] != new[3]
    for source, found in ((commits.base, old), (after, new)):
        for module, function in zip(found[::2], found[1::2], strict=True):
            assert function.read_bytes() == module.read_bytes()
            assert source.texts in function.parents
    # A stored text that was changed no longer matches its content's digest.
    new[1].unlink()
    new[1].write_text("damaged")
    assert places(after)[1] == new[0]


@pytest.mark.fast
def test_kernels_are_shared_among_engines_that_keep_them_as_this_one(tmp_path: Path) -> None:
    ours, theirs = ROOT / "engine", tmp_path / "engine"
    shutil.copytree(ours, theirs, ignore=shutil.ignore_patterns("__pycache__"))
    assert shares(theirs)
    file = theirs / "kernel_cache/codes.py"
    text = file.read_text()
    file.write_text(text.replace('"""', '"""More words. ', 1))
    assert shares(theirs)
    file.write_text(text.replace("        code.co_firstlineno,\n", ""))
    assert not shares(theirs)


def test_a_commit_that_keeps_them_otherwise_has_a_cache_of_its_own(commits: Commits) -> None:
    assert commits.base.variables()["LOBENCH_CACHE_DIR"] == str(commits.base.shared)
    after = commits.edit("engine/kernel_cache/store.py", "MOST_DAYS = 60", "MOST_DAYS = 61")
    assert (after.shared, after.texts) == (None, None)
    assert after.variables()["LOBENCH_CACHE_DIR"] == str(after.kernels)
    assert kernels_of([after]) == [{}]
    # Decided by imports, because no engine can identify its kernels.
    assert reached(Own(Repository(commits.folder)), commits.base, after) == [variant.name for variant in LADDER]


def test_texts_go_with_the_last_tree_that_has_them(commits: Commits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_KEPT", 1)
    texts = commits.base.texts
    assert texts is not None

    def searches() -> int:
        return len(list(texts.glob(f"*/lobench/{P4}")))

    assert searches() == 1
    for number in range(3):
        commits.edit(P4, SEARCH, SEARCH + f"    assert {number}\n")
    assert searches() == 2
