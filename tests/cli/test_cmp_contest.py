"""`lobench cmp` of callables and of commands, as a user types it; and `lobench.compare` of functions."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

import lobench as api
from lobench.workbench.contest.asked import COMMANDS, Asked
from lobench.workbench.contest.session import agreement
from lobench.workbench.results.model.verdict import VERDICTS
from tests.support.command import COMMAND, complaints, environment, lobench, refused
from tests.support.paths import ROOT
from tests.support.typed import read

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("run")]

SUM = '''"""The sum of squares below 300."""


def make():
    return list(range(300)), 2


def squares(values, power):
    return sum(value**power for value in values)


def often(values, power):
    for _ in range(7):
        sum(value**power for value in values)
    return sum(value**power for value in values)


def wrong(values, power):
    return 1 + sum(value**power for value in values)


def empties(values, power):
    total = sum(value**power for value in values)
    values.clear()
    return total


def crashes(values, power):
    import os, signal

    os.kill(os.getpid(), signal.SIGSEGV)
'''
QUICK = ("--budget", "2s", "--processes", "3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(SUM)
    return tmp_path


def kept(folder: Path) -> Any:
    (path,) = folder.glob("out/*/result.json")
    return read(path)["contest"]


def test_callables(folder: Path) -> None:
    outlets = ("--tolerance", "90%", "--markdown", "said.md")
    words = ("a.py:squares", "b.py:often", "--setup", "a.py:make", *QUICK, *outlets)
    done = lobench("cmp", *words, folder=folder)
    assert (done.returncode, complaints(done)) == (0, "")
    found = kept(folder)
    assert [subject["agrees"] for subject in found["subjects"]] == [True, True]
    (pair,) = found["comparisons"]
    assert (pair["base"], pair["variant"]) == ("a.py:squares", "b.py:often")
    # The verdict of a two-second session depends on the machine.
    assert pair["verdict"] in VERDICTS
    assert pair["ratio"]["value"] < 0.9
    measured = found["session"]["measured"]
    assert (measured[:2], measured[-1]) == (["a.py:squares", "b.py:often"], "a.py:squares (A/A)")
    assert {row[0] for row in found["session"]["samples"]["rows"]} == {0, 1, 2}
    lines = done.stdout.splitlines()
    (verdict,) = [line for line in lines if line.startswith("verdict")]
    assert "95 % interval" in verdict
    assert verdict.endswith("CPU time")
    text = (folder / "said.md").read_text()
    assert text.startswith("### lobench cmp: b.py:often against a.py:squares\n")
    assert "lobench cmp a.py:squares b.py:often --setup a.py:make" in text
    (result,) = [line.split()[-1] for line in lines if line.startswith("result")]
    assert lobench("report", result, folder=folder).returncode == 0
    text = (folder / result).with_name("report.html").read_text()
    assert "CPU time of a call" in text
    assert "a.py:squares took part twice" in text


def test_wrong_results_are_refused(folder: Path) -> None:
    done = lobench("cmp", "a.py:squares", "b.py:wrong", "--setup", "a.py:make", *QUICK, folder=folder)
    assert done.returncode == 1, done.stderr
    assert "REFUSED       b.py:wrong the result is 8955051, not 8955050; no figures" in done.stdout
    assert not any(word in done.stdout for word in ("verdict", "CPU time", "µs", "ms"))
    found = kept(folder)
    assert (found["session"], found["comparisons"]) == (None, [])


def test_a_change_of_arguments_is_caught(folder: Path) -> None:
    words = ("a.py:squares", "b.py:empties", "--setup", "a.py:make", "--reset", "same")
    done = lobench("cmp", *words, *QUICK, "--json", folder=folder)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert "argument 0 has 0 entries, not 300" in told["contest"]["subjects"][1]["reason"]
    assert told["comparisons"] == []


def test_a_callable_that_crashes_is_named(folder: Path) -> None:
    said = refused(1, "cmp", "a.py:squares", "b.py:crashes", "--setup", "a.py:make", *QUICK, folder=folder)
    assert "was killed by SIGSEGV" in said
    assert "b.py:crashes" in said
    assert not (folder / "out").exists() or not list((folder / "out").iterdir())


@pytest.mark.long
def test_more_than_two(folder: Path) -> None:
    words = ("a.py:squares", "b.py:squares", "a.py:often", "b.py:wrong", "--setup", "b.py:make", "--tolerance", "90%")
    done = lobench("cmp", *words, *QUICK, folder=folder)
    assert done.returncode == 1, done.stderr
    found = kept(folder)
    assert [pair["variant"] for pair in found["comparisons"]] == ["b.py:squares", "a.py:often"]
    assert all(pair["p"] <= pair["p_holm"] <= 1 for pair in found["comparisons"])
    assert "REFUSED       b.py:wrong" in done.stdout


def test_commands(folder: Path) -> None:
    words = ("--command", "sleep 0.01", "sleep 0.010", "sleep 0.03", *QUICK, "--tolerance", "90%")
    done = lobench("cmp", *words, folder=folder)
    assert (done.returncode, complaints(done)) == (0, "")
    found = kept(folder)
    assert found["clock"] == "wall_ns"
    assert [pair["variant"] for pair in found["comparisons"]] == ["sleep 0.010", "sleep 0.03"]
    first, _, last = (subject["wall_seconds"]["value"] for subject in found["subjects"])
    assert first > 0.01
    assert last > 0.03
    assert found["subjects"][0]["cpu_seconds"]["value"] < 0.01


def running(pid: int) -> bool:
    """Whether a process still runs, or has ended without having been waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_background_processes_of_a_command_end(folder: Path) -> None:
    left = folder / "left"
    command = f"sh -c 'sleep 300 & echo $! >> {left}; echo a'"
    found = agreement(Asked(kind=COMMANDS, subjects=(command, "echo a"), clock="wall_ns"))
    assert [outcome.reason for outcome in found.outcomes.values()] == [None, None]
    processes = [int(word) for word in left.read_text().split()]
    # Two to compare it with itself, one to time it.
    assert len(processes) == 3
    until = time.monotonic() + 10
    while any(map(running, processes)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(running, processes))


@pytest.mark.long
def test_a_failing_command_is_refused_with_its_reason(folder: Path) -> None:
    said = refused(2, "cmp", "--command", "no-such-program", "true", folder=folder)
    assert "'no-such-program' cannot be run: No such file or directory" in said
    done = lobench("cmp", "--command", "echo a", "sh -c 'echo a; echo broken >&2; exit 3'", *QUICK, folder=folder)
    assert done.returncode == 1, done.stderr
    assert "REFUSED       sh -c 'echo a; echo broken >&2; exit 3' ended with code 3: broken" in done.stdout
    assert "ms" not in done.stdout
    failing = ("--command", "sh -c 'exit 4'", "sh -c '(exit 4)'")
    both = lobench("cmp", *failing, *QUICK, "--tolerance", "90%", folder=folder)
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("ended with code 4") == 2


@pytest.mark.long
def test_commands_have_the_users_environment(folder: Path) -> None:
    show = f"'{sys.executable}' -c 'import os; print(sorted(os.environ))'"
    script = (
        f"'{sys.executable}' -c 'import os, ast; told = ast.literal_eval(input()); "
        'assert "MINE" in told; assert "OPENBLAS_NUM_THREADS" not in told\''
    )
    words = [*COMMAND, "cmp", "--command", show, show, "--check", script, *QUICK, "--tolerance", "90%"]
    variables = {**environment(MINE="1")}
    variables.pop("OPENBLAS_NUM_THREADS", None)
    done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "none:" in done.stdout  # the same command twice


def test_functions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine_of_test.py").write_text(SUM)
    monkeypatch.syspath_prepend(str(folder))
    mine = import_module("mine_of_test")

    result = api.compare(
        mine.squares,
        mine.often,
        others=[mine.wrong],
        setup=mine.make,
        reset="same",
        budget=2,
        processes=3,
        output=folder / "kept",
        progress=False,
    )
    assert not result.agree
    (pair,) = result.comparisons
    assert pair.variant == "mine_of_test:often"
    assert pair.verdict in VERDICTS
    assert result.comparison == pair
    again = api.read_result(result.path)
    assert again.comparisons == result.comparisons
    with pytest.raises(api.UsageError, match="fresh processes load the callable from a file"):
        api.compare(mine.squares, lambda values, power: 1, setup=mine.make)
    with pytest.raises(api.UsageError, match="invalid choice: 'never'"):
        api.compare(mine.squares, mine.often, reset="never")
    monkeypatch.delitem(sys.modules, "mine_of_test")


@pytest.mark.long
def test_two_builds_of_one_program(tmp_path: Path) -> None:
    compiler = shutil.which("g++") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler")
    (tmp_path / "sum.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\nint main(void) {\n    static double v[100000];\n    double s = 0;\n"
        "    for (int r = 0; r < 100; r++)\n        for (int i = 0; i < 100000; i++) {\n"
        "            v[i] = v[i] * 0.5 + i;\n            s += v[i] > r;\n        }\n"
        '    printf("%.0f\\n", s);\n}\n'
    )
    for name, level in (("slow", "-O0"), ("fast", "-O2"), ("again", "-O2")):
        subprocess.run([compiler, level, "-o", tmp_path / name, tmp_path / "sum.c"], check=True, timeout=120)
    done = lobench("cmp", "--command", "./slow", "./fast", *QUICK, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (pair,) = kept(tmp_path)["comparisons"]
    assert pair["ratio"]["value"] > 1
    shutil.rmtree(tmp_path / "out")
    done = lobench("cmp", "--command", "./fast", "./again", "--budget", "20s", "--tolerance", "90%", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (pair,) = kept(tmp_path)["comparisons"]
    assert 0.8 < pair["ratio"]["value"] < 1.25


@pytest.mark.long
def test_known_work_is_found_and_nothing_else(tmp_path: Path) -> None:
    """Forty sessions of identical callables differ no more often than by chance; differences of one and three per cent
    are found wherever the session claims to find them."""
    path = str(ROOT / "scripts/known-calls")
    spec = spec_from_loader("known_calls", SourceFileLoader("known_calls", path))
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    sys.modules["known_calls"] = script
    spec.loader.exec_module(script)
    told = script.measured(tmp_path, 40, 2.0, 5)
    assert script.right(told), {name: (one.verdicts, one.detectable) for name, one in told.items()}
