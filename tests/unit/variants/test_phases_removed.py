"""A phase owns its code: without the last phases' folders and predictions, everything else works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import answer, environment
from tests.support.paths import ROOT
from tests.support.replays import LADDER

PARTS = ("engine", "variants", "workbench", "reports", "lobench")
LAST = [variant.name for variant in LADDER if (variant.phase or 0) > 5]

IMPORT_ALL = """
import importlib, pkgutil
import lobench

def walk(name):
    module = importlib.import_module(name)
    for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if info.name != "__main__":
            walk(f"{name}.{info.name}")

for part in ("engine", "variants", "workbench", "reports"):
    walk(f"lobench.{part}")
"""


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree as it was before phase 6."""
    copy = tmp_path_factory.mktemp("without")
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in LAST:
        folder = copy / "variants" / name
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.with_suffix(".py").unlink()
    plan = copy / "variants" / "plan.toml"
    head, *tables = re.split(r"(?m)^(?=\[\[prediction\]\])", plan.read_text())
    kept = [table for table in tables if int(re.findall(r"phase = (\d+)", table)[0]) <= 5]
    assert len(tables) - len(kept) == len(LAST) == 3
    plan.write_text("".join([head, *kept]))
    return copy


def run(copy: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=copy, env=environment(PYTHONPATH=str(copy)), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.normal
def test_everything_is_imported(without: Path) -> None:
    run(without, "-c", IMPORT_ALL)


@pytest.mark.normal
def test_the_variants_and_the_plan_are_listed(without: Path) -> None:
    listed = run(without, "-m", "lobench", "variants")
    assert "p5_memory_pool" in listed
    assert not any(name in listed for name in LAST)
    assert "memory" in run(without, "-m", "lobench", "plan")


@pytest.mark.long
def test_books_are_replayed(without: Path) -> None:
    """To the very state that they have with the last phases beside them."""
    words = ("replay", "synth:liquid-future,n=3000", "--variant", "p5_memory_pool", "--until", "book", "--digests")
    told = json.loads(run(without, "-m", "lobench", *words, "--json"))
    expected = answer(*words)
    assert told["variant"] == expected["variant"] == "p5_memory_pool"
    assert told["digests"] == expected["digests"]
    assert set(expected["digests"]) == {"trace", "state"}


@pytest.mark.long
def test_the_whole_ladder_is_verified(without: Path) -> None:
    assert "p5_memory_pool" in run(without, "-m", "lobench", "verify", "synth:liquid-future,n=3000")
