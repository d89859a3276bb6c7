"""A kernel whose helper module is edited between processes: does the cache still say the truth?

A process that has Numba loaded already forks for each question, so that one takes milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

MAIN = """
import json, sys
from lobench.engine.compiling import entry, kernel
import helper

@entry
def compute(number):
    return helper.step(number)

{body}
print(json.dumps([compute(5), sum(compute.stats.cache_hits.values())]))
"""
"""Prints the kernel's result, and whether it came from the cache."""

HELPER = """
import os
import numba
import numpy as np
from numba import types
from numba.extending import intrinsic, overload
from lobench.engine.compiling import inlined, kernel
{text}
"""


ZYGOTE = """
import json, os, sys, traceback, types
from lobench.engine.kernel_cache import numba_internals
numba_internals.refresh()
for line in sys.stdin:
    script, folder, variables = json.loads(line)
    child = os.fork()
    if child == 0:
        sys.path.insert(0, folder)
        os.environ.update(variables)
        os.dup2(os.open(folder + "/out", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 1)
        os.dup2(os.open(folder + "/err", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 2)
        code = 1
        try:
            module = sys.modules["main"] = types.ModuleType("main")
            exec(compile(open(script).read(), script, "exec"), vars(module))
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""A process that has imported everything, and forks one for each script: fresh, without two seconds of imports."""


@pytest.fixture(scope="module")
def zygote() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-B", "-c", ZYGOTE],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


class Place:
    """A folder with a main script, its helper modules, and a cache."""

    def __init__(self, folder: Path, zygote: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.zygote = zygote

    def helper(self, text: str, name: str = "helper") -> None:
        (self.folder / f"{name}.py").write_text(HELPER.format(text=textwrap.dedent(text)))

    def script(self, body: str) -> Path:
        script = self.folder / "main.py"
        script.write_text(MAIN.format(body=textwrap.dedent(body)))
        return script

    def run(self, body: str = "", **variables: str) -> tuple[int, bool]:
        """The kernel's result, and whether the kernel was loaded."""
        out, err = self.said(body, **variables)
        assert err == ""
        value, hits = json.loads(out)
        return value, bool(hits)

    def said(self, body: str = "", **variables: str) -> tuple[str, str]:
        variables = {"LOBENCH_CACHE_DIR": str(self.cache), **variables}
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        print(json.dumps([str(self.script(body)), str(self.folder), variables]), file=self.zygote.stdin, flush=True)
        status = self.zygote.stdout.readline()
        err = (self.folder / "err").read_text()
        assert status == "0\n", err
        return (self.folder / "out").read_text(), err

    def start(self, body: str = "", **variables: str) -> subprocess.Popen[str]:
        """The same in a process of its own from the start, for variables that are read when Numba is imported."""
        paths = os.pathsep.join([str(ROOT), str(self.folder)])
        return subprocess.Popen(
            [sys.executable, "-B", str(self.script(body))],
            env={**os.environ, "PYTHONPATH": paths, "LOBENCH_CACHE_DIR": str(self.cache), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def alone(self, body: str = "", **variables: str) -> tuple[int, bool]:
        return self.told(self.start(body, **variables))

    @staticmethod
    def told(process: subprocess.Popen[str]) -> tuple[int, bool]:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
        value, hits = json.loads(out.splitlines()[-1])
        return value, bool(hits)


@pytest.fixture
def place(tmp_path: Path, zygote: subprocess.Popen[str]) -> Place:
    return Place(tmp_path, zygote)
