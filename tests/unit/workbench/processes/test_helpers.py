"""A helper process: the code that it runs, the settings that it sees, its end, and the name of its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from lobench.workbench import PACKAGES, PARTS, ROOT
from lobench.workbench.processes.starting import Started, ending, helper, tool_environment

FOREIGN = "raise SystemExit('foreign code was run')\n"

PROBE = """\
import json, queue, sys
import lobench.engine, lobench.variants, lobench.workbench, friend
parts = [lobench.engine, lobench.variants, lobench.workbench]
files = [module.__file__ for module in (*parts, queue, friend)]
print(json.dumps([*files, sys.argv[1:]]))
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with packages and modules of lobench's and the standard library's names that must not be run."""
    for name in (*PACKAGES, "queue.py", "json.py"):
        path = tmp_path / "foreign" / name
        if name.endswith(".py"):
            path.write_text(FOREIGN)
        else:
            path.mkdir(parents=True)
            (path / "__init__.py").write_text(FOREIGN)
    return tmp_path / "foreign"


def told_by(started: Started, folder: Path) -> Any:
    done = subprocess.run(**started, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_helper_runs_this_copy_and_the_standard_library(
    foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the working directory, PYTHONPATH and the parent's own path contain; modules beside a user's file can be
    imported if the parent could import them."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "probe.py").write_text(PROBE)
    (own / "friend.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(foreign))
    monkeypatch.setattr(sys, "path", [str(foreign), str(own), *sys.path])
    for name in ("probe", str(own / "probe.py")):
        found = told_by(helper(name, "a", "b"), foreign)
        assert found[:3] == [str(PARTS[name] / "__init__.py") for name in ("engine", "variants", "workbench")]
        assert found[3] == str(Path(os.__file__).with_name("queue.py"))
        assert found[4:] == [str(own / "friend.py"), ["a", "b"]]


def test_a_helper_of_another_tree_runs_that_one(foreign: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree" / "engine"
    tree.mkdir(parents=True)
    (tree / "__init__.py").write_text("")
    script = tmp_path / "script.py"
    script.write_text("import engine, json; print(json.dumps(engine.__file__))")
    found = told_by(helper(str(script), root=tree.parent, packages=["engine"]), foreign)
    assert found == str(tree / "__init__.py")


def test_settings_of_tools_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VALGRIND_OPTS", "PERF_BUILDID_DIR", "PERF_CONFIG", "MALLOC_ARENA_MAX", "SCALENE_X", "PYTHONPATH"):
        monkeypatch.setenv(name, "hostile")
    monkeypatch.setenv("KEPT", "kept")
    found = tool_environment()
    assert "hostile" not in found.values()
    assert found["KEPT"] == "kept"
    assert found["OPENBLAS_NUM_THREADS"] == "1"


def test_a_helper_ends_with_its_parent(tmp_path: Path) -> None:
    """A killed parent cannot notify anyone."""
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    program = (
        "import subprocess, sys, time; from lobench.workbench.processes.starting import helper\n"
        "child = subprocess.Popen(**helper(sys.argv[1]), stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(sleeper)], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        _, alive = psutil.wait_procs([child], timeout=60)
    assert alive == []


def test_a_helper_without_a_parent_ends(tmp_path: Path) -> None:
    """The parent may be killed before the kernel has been asked to watch it."""
    script = tmp_path / "script.py"
    script.write_text("print('went on')")
    made = helper(str(script))
    told = json.loads(made["args"][3]) | {"parent": str(os.getppid())}
    done = subprocess.run([*made["args"][:3], json.dumps(told), str(script)], env=made["env"], capture_output=True)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (-9, "", "was killed by SIGKILL (out of memory?)"),
        (-11, "some words", "was killed by SIGSEGV"),
        (-6, "terminate called", "was killed by SIGABRT"),
        (-200, "", "was killed by signal 200"),
        (1, "Traceback (most recent call last):\n  …\nMemoryError", "ran out of memory"),
        (1, "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 1 TiB\n", "ran out of memory"),
        (1, "ValueError: no MemoryError", "ended with code 1"),
        (3, "", "ended with code 3"),
    ],
)
def test_exit_codes_and_signals_in_words(code: int, said: str, words: str) -> None:
    assert ending(code, said) == words
