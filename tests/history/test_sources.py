"""The Python that a commit runs with, and the parts of a repository that are laid out for it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.commits import sources
from lobench.workbench.commits.environments import python_for
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.sources import BrokenError, of_commit, of_working_tree
from lobench.workbench.costlier import lines_of_commit
from tests.support.miniature import Miniature

NUMPY = metadata.version("numpy")


def project(*dependencies: str) -> str:
    return f"[project]\nname = 'x'\ndependencies = {list(dependencies)!r}\n"


@pytest.mark.parametrize(
    ("dependencies", "constraints"),
    [
        ((), None),
        (("numpy",), None),
        (("numpy>=1.20", "numba"), f"numpy=={NUMPY}\nruff==0.0.1  # not needed to replay\n"),
        (("numpy; python_version < '3'", "no-such-package; python_version < '3'"), ""),
        (("NumPy",), f"Num_Py==1.0\nnumpy=={NUMPY}\n"),
    ],
)
def test_this_environment_serves_commits_that_it_fits(
    tmp_path: Path, dependencies: tuple[str, ...], constraints: str | None
) -> None:
    found = python_for(project(*dependencies), constraints, tmp_path / "made")
    assert (found.key, found.python) == ("own", sys.executable)
    assert not (tmp_path / "made").exists()


def wheel(folder: Path) -> Path:
    """A package of one module, ready to install without a network."""
    path = folder / "lobench_tiny-1.0-py3-none-any.whl"
    info = "lobench_tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("lobench_tiny.py", "answer = 42\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: lobench-tiny\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", f"lobench_tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


def test_other_pins_get_one_environment(tmp_path: Path) -> None:
    text = project(f"lobench-tiny @ {wheel(tmp_path).as_uri()}")
    found = python_for(text, "lobench-tiny==1.0\n", tmp_path / "made")
    assert found.python != sys.executable
    code = "import lobench_tiny; print(lobench_tiny.answer)"
    assert subprocess.run([found.python, "-c", code], capture_output=True, text=True, check=True).stdout == "42\n"
    made = os.stat(found.python).st_mtime_ns
    assert python_for(text, "lobench-tiny==1.0\n", tmp_path / "made") == found
    assert os.stat(found.python).st_mtime_ns == made


@pytest.mark.long
def test_a_failed_environment_leaves_nothing(tmp_path: Path) -> None:
    missing = (tmp_path / "none-1.0-py3-none-any.whl").as_uri()
    with pytest.raises(LobenchError, match="its environment cannot be created"):
        python_for(project(f"none @ {missing}"), None, tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.parametrize(("text", "told"), [(None, "no pyproject"), ("[project", "not TOML")])
def test_a_commit_without_a_project_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    with pytest.raises(LobenchError, match=told):
        python_for(text, None, tmp_path)


@pytest.fixture
def cached(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    monkeypatch.setenv("LOBENCH_CACHE_DIR", str(miniature.cache))
    return miniature


def test_sources_are_known_by_their_content(cached: Miniature) -> None:
    names = [cached.work(1), cached.work(2), cached.work(1)]
    (cached.folder / "README.md").write_text("words\n")
    names.append(cached.commit("words"))
    repository = Repository(cached.folder)
    found = [of_commit(repository, repository.commit(name)) for name in names]
    assert found[0].key == found[2].key == found[3].key != found[1].key
    assert (found[1].tree / "variants/p0_plain.py").read_text().endswith("work = 2\nwrong = -1\n")
    assert not (found[1].tree / "pyproject.toml").exists()
    assert cached.git("status", "--porcelain") == ""
    assert cached.git("worktree", "list").count("\n") == 0


def test_a_working_tree_with_changes_has_a_source_of_its_own(cached: Miniature) -> None:
    cached.work(1)
    repository = Repository(cached.folder)
    clean = of_working_tree(repository)
    (cached.folder / "variants/p0_plain.py").write_text("work = 3\nwrong = -1\n")
    changed = of_working_tree(repository)
    assert clean.key != changed.key
    assert (changed.tree / "variants/p0_plain.py").read_text() == "work = 3\nwrong = -1\n"


def test_a_commit_runs_its_own_code_and_nothing_of_ours(cached: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    cached.work(1)
    repository = Repository(cached.folder)
    source = of_commit(repository, repository.commit("HEAD"))
    variables = source.variables()
    assert variables["PYTHONPATH"] == str(source.tree)
    assert "NUMBA_BOUNDSCHECK" not in variables
    assert variables["LOBENCH_CACHE_DIR"] == str(source.kernels)


def test_a_commit_without_an_engine_is_broken(cached: Miniature) -> None:
    cached.work(1)
    cached.git("rm", "-rq", "engine")
    cached.commit("no engine")
    repository = Repository(cached.folder)
    with pytest.raises(BrokenError, match="no engine/ folder"):
        of_commit(repository, repository.commit("HEAD"))


def test_old_sources_leave_the_cache(cached: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_KEPT", 2)
    repository = Repository(cached.folder)
    made = [of_commit(repository, repository.commit(cached.work(loops))) for loops in range(5)]
    assert [source.tree.exists() for source in made] == [False, False, True, True, True]


def test_ranges_hold_both_ends(cached: Miniature) -> None:
    names = [cached.work(loops) for loops in range(4)]
    repository = Repository(cached.folder)
    assert [one.hash for one in repository.commits(f"{names[1]}..HEAD")] == names[1:]
    assert [one.hash for one in repository.commits(f"{names[1]}..{names[1]}")] == [names[1]]
    assert repository.order() == names
    assert repository.parent(repository.commit(names[0])) is None
    for span in ("HEAD", "..HEAD", "HEAD..", "HEAD~1...HEAD"):
        with pytest.raises(UsageError, match=r"REV\.\.REV"):
            repository.commits(span)
    with pytest.raises(UsageError, match="not an ancestor"):
        repository.commits(f"HEAD..{names[1]}")
    with pytest.raises(UsageError, match="no commit named '--all'"):
        repository.commit("--all")


def test_a_module_that_is_used_from_now_on_has_not_changed(
    miniature: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOBENCH_CACHE_DIR", str(miniature.cache))
    plain = "work = 1\nwrong = -1\n"
    helper = {"variants__helper": "def more():\n    return 2\n"}
    base = miniature.commit("a helper", variants__p0_plain=plain, **helper)
    uses = miniature.commit("uses it", variants__p0_plain=f"from variants.helper import more\n{plain}")
    changes = miniature.commit("changes it", variants__helper="def more():\n    return 3\n")
    repository = Repository(miniature.folder)

    def changed(before: str, after: str) -> list[tuple[str, int, str]]:
        found = lines_of_commit(repository, before, after, "p0_plain", "synth:liquid-future")
        return [(one.file, one.line, one.text) for one in found]

    assert changed(base, uses) == [("variants/p0_plain.py", 1, "from variants.helper import more")]
    assert changed(uses, changes) == [("variants/helper.py", 2, "return 3")]
