"""From any source, the built wheel contains every file of the package and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.install.conftest import PARTS, Build
from tests.support.environments import git

pytestmark = pytest.mark.xdist_group("install")


def test_a_checkout(checkout: Path, tree: set[str], build: Build) -> None:
    files = {"variants/ladder.toml", "variants/plan.toml", "workbench/results/schema.json", "py.typed"}
    assert {f"lobench/{file}" for file in files} <= tree
    assert any(name.startswith("lobench/reports/") and name.endswith(".md") for name in tree)
    assert any(name.startswith("lobench/workbench/dashboard/assets/") for name in tree)
    found = build(str(checkout))
    assert found == tree
    assert {name.partition("/")[0] for name in found} == {"lobench"}


def test_an_sdist(checkout: Path, tree: set[str], build: Build, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", str(tmp_path), str(checkout)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (sdist,) = tmp_path.glob("lobench-*.tar.gz")
    assert build(str(sdist)) == tree


@pytest.mark.long
def test_a_zip(checkout: Path, tree: set[str], build: Build, tmp_path: Path) -> None:
    """As code hosts offer it. Python unpacks links as small files."""
    git(checkout, "archive", "--format=zip", "-o", str(tmp_path / "all.zip"), "--prefix=lobench-main/", "HEAD")
    with zipfile.ZipFile(tmp_path / "all.zip") as file:
        file.extractall(tmp_path)
    assert (tmp_path / "lobench-main/lobench/engine").is_file()
    assert build(str(tmp_path / "lobench-main")) == tree


@pytest.mark.long
def test_a_clone_without_links(unlinked: Path, tree: set[str], build: Build) -> None:
    assert all((unlinked / "lobench" / part).is_file() for part in PARTS)
    assert build(str(unlinked)) == tree


@pytest.mark.long
def test_a_git_address(checkout: Path, tree: set[str], build: Build) -> None:
    assert build(f"git+{checkout.as_uri()}") == tree


@pytest.fixture
def unlinked(checkout: Path, tmp_path: Path) -> Path:
    """A clone on a system that has no symbolic links."""
    git(tmp_path, "clone", "-q", "-c", "core.symlinks=false", str(checkout), str(tmp_path / "clone"))
    return tmp_path / "clone"
