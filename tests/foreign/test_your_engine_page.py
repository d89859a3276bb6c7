"""docs/your-engine.md, followed literally: its files are written, its commands run in a shell, one after the other."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.foreign.engine import load
from lobench.workbench.cli import _parser
from tests.foreign.beside_oracle import check, feed
from tests.support.command import PATIENCE, environment
from tests.support.paths import ROOT
from tests.support.profilers import needs

pytestmark = pytest.mark.xdist_group("your-engine")

PAGE = (ROOT / "docs" / "your-engine.md").read_text(encoding="utf-8")
(CPP,) = re.findall(r"```cpp\n(.*?)```", PAGE, re.DOTALL)
(TOML,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
BUILD, VERIFY, WRONG, RUN, LADDER = [block.splitlines() for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)]
SECOND_BUILD = [line for line in LADDER if not line.startswith("lobench ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's folder once both versions are built, and a `lobench` to call."""
    needs("g++")
    folder = tmp_path_factory.mktemp("your-engine")
    command = folder / "bin" / "lobench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lobench "$@"\n')
    command.chmod(0o755)
    (folder / "book.cpp").write_text(CPP)
    (folder / "ladder.toml").write_text(TOML)
    for line in BUILD + SECOND_BUILD:
        assert shell(line, folder).returncode == 0
    return folder


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One line of the page in the reader's shell."""
    variables = environment(COLUMNS="160")
    variables["PATH"] = f"{folder / 'bin'}:{variables['PATH']}"
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE
    )


def result(folder: Path, name: str, *texts: str) -> Any:
    """The result document that a `run` left, beside a page that holds these texts."""
    (path,) = (folder / name).glob("*/result.json")
    page = (path.parent / "report.html").read_text()
    for text in texts:
        assert text in page
    return json.loads(path.read_text())


@pytest.mark.fast
def test_the_pages_commands_parse() -> None:
    lines = [*BUILD, *VERIFY, *WRONG, *RUN, *LADDER, *re.findall(r"`(lobench cmp [^`]+)`", PAGE)]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("lobench ")]
    assert [command[0] for command in commands] == ["verify", "verify", "run", "ladder", "run", "cmp"]
    for command in commands:
        _parser().parse_args(command)


@pytest.mark.parametrize("name", ["book", "book_hash"])
def test_the_pages_book_agrees_with_the_oracle(folder: Path, name: str) -> None:
    engine = load(str(folder / f"{name}.so"))
    assert engine.offered == ("BBO", "levels")
    assert engine.left_out == ("repairs of broken feeds", "top-of-book records")
    check(engine, feed("synth:liquid-future,n=8000"))
    check(engine, feed("synth:auction-open,n=3000"))


@pytest.mark.long
def test_the_page_verifies_the_engine_and_finds_its_mistake(folder: Path) -> None:
    (line,) = VERIFY
    done = shell(line, folder)
    assert done.returncode == 0, done.stderr
    (shown,) = re.findall(r"│ book .*offers no queues.*", PAGE)
    assert re.sub(" +", " ", shown) in re.sub(" +", " ", done.stdout)
    (line,) = WRONG
    assert line.endswith("# exit code 1")
    done = shell(line, folder)
    assert done.returncode == 1, done.stderr
    assert "first difference: event 5 " in done.stdout
    assert "expected  7750000000x2(1)" in done.stdout


@pytest.mark.long
def test_the_engine_is_a_row_of_the_report(folder: Path) -> None:
    (line,) = RUN
    done = shell(line, folder)
    assert done.returncode == 0, done.stderr
    told = result(folder, "first", "book", "p4_hash_lookup", "offers no queues")["feeds"][0]
    assert all(entry["agrees"] for entry in told["verification"])
    ladder = {row["variant"]: row for row in told["analysis"]["ladder"]}
    assert list(ladder) == ["p0_baseline", "p4_hash_lookup", "book"]
    assert ladder["book"]["events_per_second"]["value"] > 0


@pytest.mark.long
def test_the_pages_ladder_is_graded(folder: Path) -> None:
    for line in LADDER:
        done = shell(line, folder)
        assert done.returncode == 0, done.stderr
    ladder = result(folder, "plan", "My book", "orders in a tree", "orders in a hash table")["feeds"][0]["analysis"][
        "ladder"
    ]
    assert [row["variant"] for row in ladder] == ["book", "book_hash"]
    assert ladder[1]["score"] in ("hit", "under", "over", "open")
