"""Copies of the checkout, and packages and environments made from them."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environments import git, new_environment, pip
from tests.support.paths import ROOT

PARTS = ("engine", "variants", "workbench", "reports")
Build = Callable[[str], set[str]]
"""The pip argument (a folder or an address) to the files of the wheel that it gives."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit: the files of this checkout without those that git ignores."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    folder = tmp_path_factory.mktemp("checkout") / "lobench"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    # Restore the committed links, even if this checkout has none.
    for part in PARTS:
        (folder / "lobench" / part).unlink(missing_ok=True)
        (folder / "lobench" / part).symlink_to(f"../{part}")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    return folder


@pytest.fixture(scope="session")
def tree(checkout: Path) -> set[str]:
    """Every file of the package by its installed name, without the published report."""
    tracked = [Path(name) for name in git(checkout, "ls-files", "-z").split("\0") if name]
    tracked = [path for path in tracked if path.parts[:2] != ("reports", "published")]
    own = {f"lobench/{path}" for path in tracked if path.parts[0] in PARTS}
    return own | {str(path) for path in tracked if path.parts[0] == "lobench" and not (checkout / path).is_symlink()}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Makes a wheel and returns its files, without the metadata."""

    def build(source: str) -> set[str]:
        pip("wheel", "-w", str(tmp_path / "wheels"), source)
        (wheel,) = (tmp_path / "wheels").glob("lobench-*.whl")
        with zipfile.ZipFile(wheel) as file:
            return {name for name in file.namelist() if ".dist-info/" not in name}

    return build


@pytest.fixture(scope="session")
def installed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds lobench as a wheel leaves it."""
    folder = tmp_path_factory.mktemp("installed")
    pip("wheel", "-w", str(folder), str(checkout))
    python = new_environment(folder / "env")
    (wheel,) = folder.glob("lobench-*.whl")
    pip("install", "--ignore-installed", str(wheel), python=python)
    return python
