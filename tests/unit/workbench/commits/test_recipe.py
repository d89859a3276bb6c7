"""The recipe from a commit to an engine: the file's keys, where it is found, and the guesses of `lobench init`."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.cli import init
from lobench.workbench.commits.projects import Project
from lobench.workbench.commits.repository import Repository
from lobench.workbench.git import environment
from lobench.workbench.history.told import essence
from lobench.workbench.ladder.beginning import guess, texts
from lobench.workbench.ladder.recipe import DEFAULT_FEED, FILE, find_recipe


def test_a_file_at_the_top_says_it(tmp_path: Path) -> None:
    assert find_recipe(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert find_recipe(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text('[tool.lobench]\nartifact = "book.py"\n')
    found = find_recipe(tmp_path)
    assert found is not None
    assert (found.build, found.artifacts, found.engines) == (None, ("book.py",), ("book",))
    assert found.feeds == (DEFAULT_FEED,)
    (tmp_path / FILE).write_text(
        'build = "make"\nartifact = ["a/one.so", "two.so"]\nsources = "src"\n'
        'feed = "other.dbn"\nfeeds = ["synth:liquid-future", "day.dbn"]\n'
        '[environment]\nCXX = "g++"\n'
    )
    found = find_recipe(tmp_path)
    assert found is not None
    assert (found.build, found.engines, found.sources) == ("make", ("one", "two"), ("src",))
    assert found.environment == {"CXX": "g++"}
    assert found.feeds == ("synth:liquid-future", str(tmp_path / "day.dbn"))


def test_steps_of_a_ladder_are_artifacts(tmp_path: Path) -> None:
    ladder = tmp_path / "ladder.toml"
    ladder.write_text('name = "x"\nbuild = "make"\n[[step]]\nvariant = "./a.so"\n[[step]]\nvariant = "p4"\n')
    found = find_recipe(tmp_path, str(ladder))
    assert found is not None
    assert found.artifacts == ("./a.so",)
    ladder.write_text('name = "x"\nbuild = "make"\n[[step]]\nvariant = "a.so"\n')
    found = find_recipe(tmp_path, str(ladder))
    assert found is not None
    assert found.artifacts == ("a.so",)
    ladder.write_text('name = "x"\n[[step]]\nvariant = "p4"\n')
    with pytest.raises(UsageError, match="artifact is missing"):
        find_recipe(tmp_path, str(ladder))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "artifact: is missing"),
        ('artifact = ""', "artifact"),
        ("artifact = 3", "artifact: must be a text or a list of texts, was 3"),
        ('artifact = "book"', "artifact: must be a shared library"),
        ('artifact = "/tmp/book.so"', "artifact: must lie in the repository"),
        ('artifact = ["a/x.so", "b/x.so"]', "artifact: two are named 'x'"),
        ('artifact = "x.so"\nbuild = 3', "build: must be a command"),
        ('artifact = "x.so"\nenvironment = 3', "environment: must be a table of texts"),
        ('artifact = "x.so"\nartefact = "x.so"', "artefact: not known"),
        ('artefact = "x.so"', "artefact: not known"),
        ("artifact = ", "not TOML"),
    ],
)
def test_wrong_recipes_are_refused_with_the_key(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=f"{FILE}: {told}"):
        find_recipe(tmp_path)


CMAKE = "cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build build --parallel"


@pytest.mark.parametrize(
    ("name", "text", "build", "artifact"),
    [
        ("Cargo.toml", '[package]\nname = "my-book"\n', "cargo build --release", "target/release/libmy_book.so"),
        ("CMakeLists.txt", "add_library(fast SHARED fast.cpp)\n", CMAKE, "build/libfast.so"),
        ("Makefile", "out/fast.so: fast.cpp\n\tg++ …\n", "make", "out/fast.so"),
        ("GNUmakefile", "fast.so: fast.cpp\n\tg++ …\n", "make", "fast.so"),
        ("Cargo.toml", "lib = 3\npackage = 3\n", "cargo build --release", "target/release/libbook.so"),
        ("engine.py", "class ENGINE:\n    pass\n", None, "engine.py"),
        ("README", "", "make", "book.so"),
    ],
)
def test_a_beginning_can_be_read(tmp_path: Path, name: str, text: str, build: str | None, artifact: str) -> None:
    (tmp_path / name).write_text(text)
    found = guess(tmp_path)
    assert found.artifact == artifact
    assert found.build == build
    assert found.sure == (name != "README")
    written = texts(tmp_path)
    (tmp_path / FILE).write_text(written[FILE])
    recipe = find_recipe(tmp_path)
    assert recipe is not None
    assert (recipe.build, recipe.artifacts, recipe.sources) == (found.build, (artifact,), ())
    assert json.loads(written["asv.conf.json"])["results_dir"] == ".asv/results"
    assert "lobench check --exact" in written[".github/workflows/lobench.yml"]
    assert "base.sha }}...${{" in written[".github/workflows/lobench.yml"]
    (install,) = re.findall(r"pip install .*", written[".github/workflows/lobench.yml"])
    assert install == 'pip install "lobench[history] @ git+https://HOST/OWNER/lobench@REVISION"'


@pytest.mark.parametrize(
    ("text", "feeds"),
    [
        ('feed = "day.dbn"', ("day.dbn",)),
        ('feeds = "day.dbn"', ("day.dbn",)),
        ('feed = ["a.csv", "b.csv"]', ()),
        ('feed = ["a.csv", "b.csv"]\nfeeds = ["day.dbn", "a.csv"]', ("day.dbn", "a.csv")),
    ],
)
def test_a_list_of_files_is_one_feed_and_no_list_of_feeds(tmp_path: Path, text: str, feeds: tuple[str, ...]) -> None:
    """As it is for the commands of a ladder."""
    (tmp_path / FILE).write_text(f'artifact = "book.py"\n{text}\n')
    found = find_recipe(tmp_path)
    assert found is not None
    assert found.feeds == tuple(str(tmp_path / feed) for feed in feeds)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, env=environment())
    project = Project(Repository(tmp_path), found)
    if feeds:
        assert project.feed == found.feeds
    else:
        with pytest.raises(UsageError, match=r"lobench\.toml: feed: several files are replayed as one.*`feeds`"):
            assert project.feed


def test_a_workspace_of_several_members_is_no_sure_guess(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["crates/book"]\n')
    assert not guess(tmp_path).sure


@pytest.mark.parametrize(
    ("said", "last"),
    [
        (
            "a.cpp:3:5: error: 'x' was not declared\n  3 | x\n1 error generated.",
            "a.cpp:3:5: error: 'x' was not declared",
        ),
        (
            "error[E0433]: no such thing\n --> a.rs\nerror: aborting due to 1 previous error",
            "error[E0433]: no such thing",
        ),
        ("Traceback (most recent call last):\n  File 'x'\nTypeError: it is not", "TypeError: it is not"),
        ("make: *** no rule", "make: *** no rule"),
    ],
)
def test_the_essence_of_a_failure(said: str, last: str) -> None:
    assert essence(f"1234 (words): its build ended with code 1:\n{said}") == (
        f"1234 (words): its build ended with code 1: {last}"
    )
    assert essence("in one line") == "in one line"


def test_results_are_no_part_of_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, env=environment())
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_text("build/")
    for _ in range(2):
        assert init.run(argparse.Namespace(force=False)) == 0
        assert (tmp_path / ".gitignore").read_text() == "build/\n.asv/\n"
        told = capsys.readouterr().out
        assert "edit the source that lobench is installed from in .github/workflows/lobench.yml" in told


def test_init_keeps_existing_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text in any encoding, and folders where files are expected."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, env=environment())
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_bytes(b"caf\xe9/")
    (tmp_path / "odd.py").mkdir()
    (tmp_path / ".github/workflows/lobench.yml").mkdir(parents=True)
    assert init.run(argparse.Namespace(force=False)) == 0
    assert (tmp_path / ".gitignore").read_bytes() == b"caf\xe9/\n.asv/\n"
    assert "lobench.yml already exists and stays" in capsys.readouterr().out
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").mkdir()
    with pytest.raises(UsageError, match=r"\.gitignore: cannot be written: Is a directory"):
        init.run(argparse.Namespace(force=False))
