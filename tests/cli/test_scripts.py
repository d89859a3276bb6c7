"""The scripts, called from anywhere: paths are the caller's, and the environment is the checkout's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.fast

TOLD = """#!/bin/sh
echo "$0"
pwd
printf '%s\\n' "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an environment whose `lobench` prints its place and its arguments."""
    root = tmp_path / "a checkout"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    for name in ("pyproject.toml", "setup.py", "constraints.txt"):
        shutil.copy(ROOT / name, root)
    for program in ("python", "lobench"):
        (root / ".venv/bin").mkdir(parents=True, exist_ok=True)
        (root / ".venv/bin" / program).write_text(TOLD)
        (root / ".venv/bin" / program).chmod(0o755)
    return root


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a feed, and with files that would mislead a script that searches its working folder."""
    folder = tmp_path / "data"
    (folder / "scripts").mkdir(parents=True)
    (folder / "day.dbn").write_text("")
    (folder / "queue.py").write_text("raise SystemExit('the wrong folder')")
    return folder


def call(script: Path | str, folder: Path, *arguments: str, **variables: str) -> list[str]:
    command = ["sh", str(script), *arguments] if isinstance(script, Path) else [script, *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_paths_are_the_callers(checkout: Path, elsewhere: Path) -> None:
    installed = call(checkout / "scripts/run", elsewhere, "day.dbn", "two words")
    assert installed[-5:] == [str(checkout / ".venv/bin/lobench"), str(elsewhere), "run", "day.dbn", "two words"]
    assert not (elsewhere / ".venv").exists()


def test_another_path_for_cd_does_not_mislead(checkout: Path, elsewhere: Path) -> None:
    for folder, script in ((checkout, "scripts/run"), (elsewhere, "../a checkout/scripts/run")):
        said = call(script, folder, "day.dbn", CDPATH=f"{elsewhere}:{checkout}:.")
        assert said[-4:] == [str(checkout / ".venv/bin/lobench"), str(folder), "run", "day.dbn"]


def test_links_to_scripts(checkout: Path, elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/one").symlink_to(checkout / "scripts/run")
    (tmp_path / "bin/two").symlink_to("one")
    for name in ("one", "two"):
        said = call(str(tmp_path / "bin" / name), elsewhere, "day.dbn")
        assert said[-4:] == [str(checkout / ".venv/bin/lobench"), str(elsewhere), "run", "day.dbn"]
    said = call("two", elsewhere, "day.dbn", PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert said[-4:] == [str(checkout / ".venv/bin/lobench"), str(elsewhere), "run", "day.dbn"]


@pytest.mark.parametrize(("words", "tier"), [((), "normal"), (("--fast",), "fast"), (("--long",), "long")])
def test_tests_run_in_the_checkout(checkout: Path, elsewhere: Path, words: tuple[str, ...], tier: str) -> None:
    said = call(checkout / "scripts/test", elsewhere, *words, "tests/unit", "-x")
    start = said.index(str(checkout / ".venv/bin/python"))
    assert said[start + 1 : start + 4] == [str(checkout), "-m", "pytest"]
    assert said[-4:] == ["--tier", tier, "tests/unit", "-x"]


def test_the_site_is_built_in_the_checkout_with_its_links_checked(checkout: Path, elsewhere: Path) -> None:
    said = call(checkout / "scripts/docs", elsewhere, "--site-dir", "there")
    assert said[-8:] == [
        str(checkout / ".venv/bin/python"), str(checkout), "-m", "mkdocs", "build", "--strict", "--site-dir", "there"
    ]  # fmt: skip


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_clones_with_links_are_installed_by_path(checkout: Path, elsewhere: Path, links: bool) -> None:
    """For type checkers a clone with links is installed by its path; one without needs the import hook."""
    (checkout / "lobench").mkdir()
    (checkout / "engine").mkdir()
    if links:
        (checkout / "lobench/engine").symlink_to("../engine")
    else:
        (checkout / "lobench/engine").write_text("../engine")
    command = ["sh", "-c", f'cd "{checkout}"; extras="[lint]"; . scripts/environment']
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    asked = done.stderr.splitlines()
    assert asked[0] == "installing lobench[lint]"
    assert ("editable_mode=compat" in asked) == links
    assert asked[-2:] == ["-e", ".[lint]"]


def test_a_folder_without_a_checkout_is_refused(checkout: Path, elsewhere: Path) -> None:
    """As where a shell, which is no script of the folder, reads the file."""
    command = ["sh", "-c", f'extras=""; . "{checkout}/scripts/environment"']
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"scripts/environment: {elsewhere} is not a checkout of lobench\n"
    assert not (elsewhere / ".venv").exists()
