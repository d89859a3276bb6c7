"""The files that `lobench init` writes into a repository: how to build its engines, asv's configuration, a workflow."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lobench.workbench.ladder.recipe import DEFAULT_FEED, FILE

CONFIGURATION: Final = "asv.conf.json"
WORKFLOW: Final = ".github/workflows/lobench.yml"

_RECIPE: Final = """\
# How lobench builds an engine from a commit of this repository, to verify and measure it (docs/ladder.md).
#
#   lobench check main            is HEAD as good as main?
#   lobench history record        measure and record HEAD; backfill REV..REV measures earlier commits
#   lobench history regressions   list regressions and their commits
#   lobench dashboard --serve     all of it as a site

# The feed for commands that name none: a synthetic feed, or a file. `feeds` is a list of several.
feed = {feed}

# The command that builds a commit, in a copy of its files; $LOBENCH_INCLUDE is the folder of lobench_engine.h. Leave it
# out if nothing is built, as for Python. Compile with -g: the code stays the same, and costs are shown by line.
{build}
# The built engine: a shared library or a Python file, or a list of several.
artifact = {artifact}

# The files and folders whose content decides whether the engine changed. Default: all. A change of any file not listed
# here (a header, a lock file, .cargo/config.toml) goes unnoticed: list every file that matters, or none.
# sources = ["src", "build.sh"]

# Environment variables of the build.
# [environment]
# RUSTFLAGS = "-g -C target-cpu=x86-64-v3"
"""

_WORKFLOW: Final = """\
# Compares a pull request with its merge base by results and exact instruction counts, because timing on a hosted
# machine means little. The findings appear in the step summary and at the changed lines. lobench's composite action
# (examples/ci in its repository) does the same and keeps one comment on the pull request up to date.
name: lobench
on: pull_request
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0  # both commits are needed
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: sudo apt-get update && sudo apt-get install -y valgrind
      # Replace HOST, OWNER and REVISION.
      - run: pip install "lobench[history] @ git+https://HOST/OWNER/lobench@REVISION"
      - uses: actions/cache@v4
        with:
          path: ~/.cache/lobench  # builds, verifications and counts of the base commit
          key: lobench-${{ runner.os }}-${{ github.event.pull_request.base.sha }}
          restore-keys: lobench-${{ runner.os }}-
      - run: >-
          lobench check --exact --github comment.md
          ${{ github.event.pull_request.base.sha }}...${{ github.event.pull_request.head.sha }}
"""


@dataclass(frozen=True)
class Guess:
    """The likely build of a repository; ``sure``: its own files confirm it."""

    build: str | None
    artifact: str
    sure: bool = True


def guess(root: Path) -> Guess:
    """From the files at the top of a repository."""
    found = (look(root) for look in _LOOKS)
    return next((one for one in found if one is not None), Guess("make", "book.so", sure=False))


def texts(root: Path) -> dict[str, str]:
    """The files to write: name to text."""
    one = guess(root)
    build = "" if one.build is None else f"build = {json.dumps(one.build)}\n"
    recipe = _RECIPE.format(feed=json.dumps(DEFAULT_FEED), build=build, artifact=json.dumps(one.artifact))
    configuration = {
        "version": 1,
        "project": root.name,
        "repo": ".",
        "branches": ["HEAD"],
        "dvcs": "git",
        "results_dir": ".asv/results",
        "html_dir": ".asv/html",
    }
    return {FILE: recipe, CONFIGURATION: json.dumps(configuration, indent=4) + "\n", WORKFLOW: _WORKFLOW}


def _cargo(root: Path) -> Guess | None:
    file = root / "Cargo.toml"
    if not file.is_file():
        return None
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        content = {}
    library, package = (content.get(key) for key in ("lib", "package"))
    named = library.get("name") if isinstance(library, dict) else None
    default = package.get("name", "book") if isinstance(package, dict) else "book"
    name = named or str(default).replace("-", "_")
    # Not only src/ matters, but also .cargo/, a toolchain file, neighbouring packages; in a workspace, any member.
    return Guess("cargo build --release", f"target/release/lib{name}.so", sure="workspace" not in content)


def _cmake(root: Path) -> Guess | None:
    file = root / "CMakeLists.txt"
    if not file.is_file():
        return None
    name = re.search(r"add_library\(\s*(\w+)\s+(?:SHARED|MODULE)", file.read_text(encoding="utf-8", errors="replace"))
    build = "cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build build --parallel"
    return Guess(build, f"build/lib{name[1] if name else 'book'}.so", sure=name is not None)


def _make(root: Path) -> Guess | None:
    # In the order in which make looks for them.
    files = (root / name for name in ("GNUmakefile", "makefile", "Makefile"))
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return None
    name = re.search(r"^([\w./-]+\.so)\s*:", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return Guess("make", name[1] if name else "book.so", sure=name is not None)


def _python(root: Path) -> Guess | None:
    for file in sorted(root.glob("*.py")):
        if file.is_file() and re.search(
            r"^(?:ENGINE\s*=|class ENGINE\b)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        ):
            return Guess(None, file.name)
    return None


_LOOKS: Final[tuple[Callable[[Path], Guess | None], ...]] = (_cargo, _cmake, _make, _python)
