"""`scripts/noise-sources`: from kernels with a new layout to its tables, on a feed of a few thousand records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.normal

FEED = "synth:liquid-future,n=20000"


def call(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "scripts/noise-sources"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_from_layouts_to_tables(tmp_path: Path) -> None:
    told = call(FEED, "--minutes", "0", "--forks", "2", "-o", str(tmp_path))
    (file,) = tmp_path.iterdir()
    about, *lines = map(json.loads, file.read_text().splitlines())
    assert (about["feed"], about["events"]) == (FEED, 20_000)
    # Two layouts, each with two processes that fork and two that do not.
    assert [(line["layout"], line["process"]) for line in lines[::2]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [line["kind"] for line in lines[:4]] == ["forks", "own", "own", "forks"]
    for line in lines:
        assert len(line["ns"]) == (2 if line["kind"] == "forks" else 1)
        assert all(len(passes) == 2 and min(min(map(min, one)) for one in passes) > 0 for passes in line["ns"])
    for head in ("| p7 and itself |", "| two layouts of p7 |", "| p6 over p7 |", "| time of the top |"):
        assert head in told
    assert "| ratio of p6 over p7 |" in told
    assert call("--show", str(file)) == told

    # An interrupt leaves an incomplete layout.
    file.write_text("".join(f"{json.dumps(line)}\n" for line in (about, *lines, {**lines[0], "layout": 2})))
    assert call("--show", str(file)) == told
    file.write_text("".join(f"{json.dumps(line)}\n" for line in (about, *lines[:5])))
    assert "1 complete layouts do not show" in call("--show", str(file))


def test_tables_of_a_recording_that_is_known(tmp_path: Path) -> None:
    """Twelve layouts with invented times: another layout adds 3 %, a process 1 %; forks double the lead over the phase
    before."""
    rng = np.random.default_rng(1)
    about = {"feed": "made up", "events": 1000, "line_up": ["p7_top", "p7_top", "p7_top", "p6_before"]}
    counts = {"processes": 2, "forks": 3, "passes": 2, "machine": {"cpu": {"model": "none"}}}
    lines = []
    for layout in range(12):
        moved = rng.normal(0, 0.03)
        for process in range(2):
            for kind, forks in (("forks", 3), ("own", 1)):
                logs = np.log(1e6) + rng.normal(0, 0.001, (forks, 2, 10, 4))
                logs[..., 2] += moved
                logs[..., 3] += 0.2 + rng.normal(0, 0.01) + (0.2 if kind == "forks" else 0.0)
                seconds = {"process": 1.0, "pass": 0.5, **({"fork": 0.1} if forks > 1 else {})}
                times = np.exp(logs).astype(int).tolist()
                lines.append({"layout": layout, "process": process, "kind": kind, "ns": times, "seconds": seconds})
    file = tmp_path / "made-up.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in ({**about, **counts}, *lines)))
    rows = [line.strip("| ").split(" | ") for line in call("--show", str(file)).splitlines() if line.startswith("|")]
    told = {cells[0]: cells[1:] for cells in rows}

    def deviations(name: str) -> list[float]:
        return [float(cell.partition("%")[0]) for cell in told[name][1:]]

    assert deviations("p7 and itself")[:3] == pytest.approx([0, 0, 0], abs=0.05)
    assert deviations("two layouts of p7")[0] == pytest.approx(3, abs=1.5)
    assert deviations("p6 over p7")[:2] == pytest.approx([0, 1], abs=0.6)
    assert float(told["ratio of p6 over p7"][0]) == pytest.approx(np.exp(0.2), rel=0.02)
    assert float(told["ratio of p7 and itself"][0]) == pytest.approx(1, abs=0.002)
    # 60 s: a process of its own takes 1.5 s, and no session has more than 32.
    assert told["processes of their own, one layout"][:4] == ["1", "32", "1", "1"]
    layouts, processes, forks, passes = map(int, told["forks, a layout for each process"][:4])
    assert layouts == processes
    assert processes * (1 + forks * (0.1 + passes * 0.5)) <= 60
    assert [name for name in told if name.endswith(" processes")] == [
        "3 processes",
        "5 processes",
        "8 processes",
        "12 processes",
    ]
