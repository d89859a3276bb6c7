"""Editable installs: edits are seen, and with the links of ``lobench/`` a type checker follows a user's own variant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.install.conftest import PARTS
from tests.support.command import environment
from tests.support.environments import git, new_environment, pip

pytestmark = pytest.mark.xdist_group("install")

OWN = """
from lobench import Variant
from lobench.variants import p4_hash_lookup

VARIANT: Variant = p4_hash_lookup.VARIANT.derive("mine")
reveal_type(VARIANT.phase)
wrong: int = VARIANT.name
"""


def editable(checkout: Path, folder: Path, *settings: str, links: bool = True) -> tuple[Path, Path]:
    """A clone, and the interpreter of an environment that it is installed into."""
    clone = folder / "clone"
    git(folder, "clone", "-q", "-c", f"core.symlinks={str(links).lower()}", str(checkout), str(clone))
    python = new_environment(folder / "env")
    pip("install", "--ignore-installed", *settings, "-e", str(clone), python=python)
    return clone, python


def said(python: Path, folder: Path, *words: str, code: int = 0) -> str:
    """The interpreter's output in a folder, with nothing of this checkout on its path."""
    kept = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run([python, *words], cwd=folder, env=kept, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "links", [True, pytest.param(False, marks=pytest.mark.long)], ids=["with links", "without links"]
)
def test_edits_are_seen(checkout: Path, tmp_path: Path, links: bool) -> None:
    """In the checkout as well, where ``lobench/`` itself is found first."""
    compat = ("--config-settings", "editable_mode=compat") if links else ()
    clone, python = editable(checkout, tmp_path, *compat, links=links)
    assert (clone / "lobench/engine").is_symlink() == links
    (clone / "engine/errors.py").write_text((clone / "engine/errors.py").read_text() + "\nEDITED = 1\n")
    code = "import lobench.engine.errors as edited, lobench.reports; print(edited.EDITED, edited.__file__)"
    (tmp_path / "elsewhere").mkdir()
    for folder in (tmp_path / "elsewhere", clone):
        one, file = said(python, folder, "-c", code).split()
        assert one == "1"
        assert Path(file).resolve() == clone / "engine/errors.py"
        assert "usage: lobench" in said(python, folder, "-m", "lobench", "--help")


@pytest.mark.long
def test_a_type_checker_follows_a_users_own_variant(checkout: Path, tmp_path: Path) -> None:
    _, python = editable(checkout, tmp_path, "--config-settings", "editable_mode=compat")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.py").write_text(OWN)
    told = said(python, tmp_path / "own", "-m", "mypy", "--strict", "mine.py", code=1).splitlines()
    assert told == [
        'mine.py:6: note: Revealed type is "int | None"',
        'mine.py:7: error: Incompatible types in assignment (expression has type "str", variable has type "int")  '
        "[assignment]",
        "Found 1 error in 1 file (checked 1 source file)",
    ]


def test_links_are_all_that_the_package_has_beside_its_files(checkout: Path) -> None:
    found = {path.name: path.readlink() for path in (checkout / "lobench").iterdir() if path.is_symlink()}
    assert found == {part: Path(f"../{part}") for part in PARTS}
