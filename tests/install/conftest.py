"""Copies of the checkout, packages built from them, and environments without any trace of lobench.

pip needs no network here: the packages that run the tests also build and run lobench.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lobench.workbench.git import environment as of_git
from tests.replays import ROOT

PARTS = ("engine", "variants", "workbench", "reports")
Build = Callable[[str], set[str]]
"""The pip argument (a folder or an address) to the files of the wheel that it gives."""


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=of_git()).stdout


def pip(*words: str, python: str | Path = sys.executable) -> None:
    """Run pip without a network, with the build tools of this environment."""
    verb, *rest = words
    settled = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    alone = ("--no-index", "--no-deps", "--no-build-isolation", "-q")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        [python, "-m", "pip", verb, *alone, *rest], env=kept | settled, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr


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


def new_environment(folder: Path) -> Path:
    """The interpreter of an environment that finds the libraries of this one, and no lobench."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    # Folders in a .pth file are only searched; their own .pth files, such as an editable install's, are not read.
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    Path(site, "libraries.pth").write_text("".join(f"{path}\n" for path in libraries))
    return python


@pytest.fixture(scope="session")
def installed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds lobench as a wheel leaves it."""
    folder = tmp_path_factory.mktemp("installed")
    pip("wheel", "-w", str(folder), str(checkout))
    python = new_environment(folder / "env")
    (wheel,) = folder.glob("lobench-*.whl")
    pip("install", "--ignore-installed", str(wheel), python=python)
    return python
