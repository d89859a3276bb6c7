"""`scripts/noise-sources`: from kernels laid out anew to its tables, on a feed of a few thousand records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import ROOT

pytestmark = pytest.mark.normal

FEED = "synth:liquid-future,n=20000"


def call(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "scripts/noise-sources"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_layouts_to_tables(tmp_path: Path) -> None:
    told = call(FEED, "--minutes", "0", "--forks", "2", "-o", str(tmp_path))
    (file,) = tmp_path.iterdir()
    about, *lines = map(json.loads, file.read_text().splitlines())
    assert (about["feed"], about["events"]) == (FEED, 20_000)
    # Two layouts, of each two processes that fork and two that do not.
    assert [(line["layout"], line["process"]) for line in lines[::2]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [line["kind"] for line in lines[:4]] == ["forks", "own", "own", "forks"]
    for line in lines:
        assert len(line["ns"]) == (2 if line["kind"] == "forks" else 1)
        assert all(len(passes) == 2 and min(min(map(min, one)) for one in passes) > 0 for passes in line["ns"])
    for head in ("| p7 and itself |", "| two layouts of p7 |", "| p6 over p7 |", "| time of the top |"):
        assert head in told
    assert "| ratio of p6 over p7 |" in told
    assert call("--show", str(file)) == told

    # An interrupt leaves a layout that is not complete.
    file.write_text("".join(f"{json.dumps(line)}\n" for line in (about, *lines, {**lines[0], "layout": 2})))
    assert call("--show", str(file)) == told
    file.write_text("".join(f"{json.dumps(line)}\n" for line in (about, *lines[:5])))
    assert "1 complete layouts say nothing" in call("--show", str(file))
