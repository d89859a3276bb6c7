"""What `lobench init` writes into a repository: how its commits become engines, asv's configuration, a workflow."""

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
# How a commit of this repository becomes an engine that lobench verifies and measures (docs/ladder.md).
#
#   lobench check main            is HEAD as good as main?
#   lobench history record        measure HEAD and keep it; backfill REV..REV measures what came before
#   lobench history regressions   what got slower, at which commit
#   lobench dashboard --serve     all of it as a site

# What is replayed where a command names no feed: a synthetic feed, or a file. `feeds` is a list of several.
feed = {feed}

# The command that builds a commit, in a copy of its files; $LOBENCH_INCLUDE is the folder of lobench_engine.h. Leave it
# out where nothing is built, as for Python. Compile with -g: it changes no code, and costs are told by line.
{build}
# The file that holds the engine then: a shared library, or a Python file; several are a list.
artifact = {artifact}

# The files and folders whose content decides whether anything changed. Without it: all. What is not named here
# and decides all the same (a header, a lock file, .cargo/config.toml) changes nothing that is seen: name all, or none.
# sources = ["src", "build.sh"]

# Variables of the build.
# [environment]
# RUSTFLAGS = "-g -C target-cpu=x86-64-v3"
"""

_WORKFLOW: Final = """\
# Is a pull request as good as what it began from? By results and exact instruction counts: a hosted machine's clock
# tells little. What it finds stands in the step's summary and at the changed lines. lobench's composite action
# (examples/ci in its repository) does the same and keeps one comment of the pull request up to date.
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
      # From where you have lobench.
      - run: pip install "lobench[history] @ git+https://HOST/OWNER/lobench@REVISION"
      - uses: actions/cache@v4
        with:
          path: ~/.cache/lobench  # what was built, verified and counted of the base commit
          key: lobench-${{ runner.os }}-${{ github.event.pull_request.base.sha }}
          restore-keys: lobench-${{ runner.os }}-
      - run: >-
          lobench check --exact --github comment.md
          ${{ github.event.pull_request.base.sha }}...${{ github.event.pull_request.head.sha }}
"""


@dataclass(frozen=True)
class Guess:
    """What a repository seems to be built with; ``sure``: whether its own files say so."""

    build: str | None
    artifact: str
    sure: bool = True


def guess(root: Path) -> Guess:
    """From the files at the top of a repository."""
    found = (look(root) for look in _LOOKS)
    return next((one for one in found if one is not None), Guess("make", "book.so", sure=False))


def texts(root: Path) -> dict[str, str]:
    """Name to text of all that is written."""
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
    name = content.get("lib", {}).get("name") or str(content.get("package", {}).get("name", "book")).replace("-", "_")
    # What decides is not only src/: .cargo/, a toolchain file, packages beside it. In a workspace any member may be it.
    return Guess("cargo build --release", f"target/release/lib{name}.so", sure="workspace" not in content)


def _cmake(root: Path) -> Guess | None:
    file = root / "CMakeLists.txt"
    if not file.is_file():
        return None
    name = re.search(r"add_library\(\s*(\w+)\s+(?:SHARED|MODULE)", file.read_text(encoding="utf-8", errors="replace"))
    build = "cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build build --parallel"
    return Guess(build, f"build/lib{name[1] if name else 'book'}.so", sure=name is not None)


def _make(root: Path) -> Guess | None:
    file = root / "Makefile"
    if not file.is_file():
        return None
    name = re.search(r"^([\w./-]+\.so)\s*:", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return Guess("make", name[1] if name else "book.so", sure=name is not None)


def _python(root: Path) -> Guess | None:
    for file in sorted(root.glob("*.py")):
        if re.search(
            r"^(?:ENGINE\s*=|class ENGINE\b)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        ):
            return Guess(None, file.name)
    return None


_LOOKS: Final[tuple[Callable[[Path], Guess | None], ...]] = (_cargo, _cmake, _make, _python)
