"""Tools that count nothing, that a user has set up for something else, or that are not here and not needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lobench.engine.errors import LobenchError
from lobench.workbench.commits import counting, dumps, instructions
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.processes.starting import tool_environment
from lobench.workbench.profile import callgrind, sampled
from lobench.workbench.profile import needs as wanted
from lobench.workbench.profile.callgrind_file import Counts
from lobench.workbench.profile.runner import ToolFailedError
from tests.support.paths import ROOT
from tests.support.profilers import needs


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a home with settings that have valgrind count nothing."""
    for name in ("VALGRIND_OPTS", "PERF_BUILDID_DIR"):
        monkeypatch.setenv(name, "--tool=none")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".valgrindrc").write_text("--callgrind:toggle-collect=nothing\n--tool=none\n")
    return tmp_path


def test_valgrind_ignores_the_users_settings(hostile: Path) -> None:
    needs("valgrind")
    for command in (
        counting.command(["true"], str(hostile)),
        ["valgrind", *callgrind.OPTIONS, f"--callgrind-out-file={hostile}/out", "true"],
    ):
        # Counting from the start replaces the request from inside the program.
        command = [word for word in command if "atstart" not in word]
        subprocess.run(command, cwd=hostile, env=tool_environment(), check=True, capture_output=True, timeout=100)
        (out,) = hostile.glob("out*")
        total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
        assert total is not None
        assert int(total[1]) > 1000
        out.unlink()


def test_a_count_of_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = SimpleNamespace(codes=SimpleNamespace(find=lambda address: True))
    monkeypatch.setattr(callgrind, "told_in", lambda folder: told)
    out = tmp_path / "callgrind.out"
    for rows in ("", "ob=/usr/lib/libc.so\nfn=malloc\n0x10 1 5\n", "ob=???\nfn=???\n0x10 1 0\n"):
        out.write_text(f"events: Ir\n{rows}")
        with pytest.raises(ToolFailedError, match="valgrind counted no instructions of the kernels"):
            callgrind.counted_in(tmp_path)
    out.write_text("events: Ir\nob=???\nfn=???\n0x10 1 5\n")
    assert callgrind.counted_in(tmp_path)[1].own[16][0] == 5


@pytest.mark.parametrize("samples", [0, 10])
def test_samples_without_a_kernel_are_an_error(samples: int) -> None:
    codes: Any = SimpleNamespace()
    nothing = sampled.Sampled(codes, Counts(), samples, {})
    with pytest.raises(ToolFailedError, match=f"perf hit no kernel in {samples} samples"):
        sampled._seen("perf", nothing)
    some = sampled.Sampled(codes, Counts({16: np.ones(1, np.int64)}), 1, {})
    assert sampled._seen("perf", some) is some


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {(0, "p0"): {}},
        {(0, "p0"): {"instructions": 0.0}},
        {(0, "p0"): {"instructions": float("nan")}},
        {(1, "p0"): {"instructions": 5.0}},
    ],
)
def test_no_commit_is_blamed_for_a_tool_that_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: dict[Any, dict[str, float]]
) -> None:
    source = Source("a commit", None, "key", tmp_path, tmp_path, sys.executable)
    monkeypatch.setattr(instructions, "run", lambda command, variables: (0, ""))
    monkeypatch.setattr(dumps, "read", lambda files: counts)
    with pytest.raises(LobenchError, match="callgrind counted no instructions of p0") as caught:
        instructions.instructions_per_event(source, ["p0"], [["feed"]])
    assert not isinstance(caught.value, BrokenError)


def test_perf_leaves_nothing_in_the_home_folder(hostile: Path) -> None:
    needs("perf")
    record = ["perf", "record", *sampled.RECORD, "-o", "perf.data", "--", "sleep", "0.1"]
    done = subprocess.run(record, cwd=hostile, env=tool_environment(), capture_output=True, check=False, timeout=100)
    if done.returncode:
        pytest.skip(done.stderr.decode())
    assert not (hostile / ".debug").exists()
    assert not (hostile / "--tool=none").exists()


def test_missing_tools_are_named_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "is_installed", lambda module: False)
    wanted.require_all(["ablation"])
    for method in ("scalene", "memray"):
        with pytest.raises(wanted.MissingToolError, match=f"^{method} is not installed"):
            wanted.require_all([method])


WITHOUT = (
    "import sys; sys.modules['elftools'] = None; from lobench.workbench.cli import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.mark.normal
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nonsense"], "no variant named 'nonsense'"),
        ([], "which variant?"),
        (["p0", "--with", "perf", "--with", "callgrind"], "pyelftools is not installed"),
        (["--calibrate"], "pyelftools is not installed"),
    ],
)
def test_pyelftools_is_asked_for_where_it_is_needed(tmp_path: Path, words: list[str], line: str) -> None:
    needs("valgrind", "perf")
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", WITHOUT, "profile", *words]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"lobench: {line}")
    assert len(done.stderr.splitlines()) == 1
