"""Running a program that is looked at, under a tool's command line; its input and output are the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lobench.workbench import PACKAGES, ROOT
from lobench.workbench.lines.model import Facts
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.reading import Left
from lobench.workbench.processes import child
from lobench.workbench.processes.starting import first_environment, tool_environment
from lobench.workbench.profile.attribution import Spent

_START = str(Path(__file__).with_name("start.py"))
_PATIENCE = 10.0
"""Seconds that a tool has to end its processes."""

Output = Literal["own", "error", "again"]
"""The destination of the program's output: its usual one, standard error, or this process's ``print``."""


@dataclass(frozen=True)
class Look:
    """A tool's result for a program: costs of stacks, in order of ``columns``; ``code``: the program's exit code."""

    tool: str
    columns: tuple[str, ...]
    spent: list[Spent]
    left: Left
    facts: Facts
    code: int


def command(program: Program, folder: Path, **facts: Any) -> tuple[list[str], dict[str, str]]:
    """The program's command line and environment. ``facts``: further settings for ``watching``."""
    program.write(folder, child=child.__file__, root=str(ROOT), packages=list(PACKAGES), **facts)
    variables = tool_environment(_environment(program))
    return [sys.executable, "-P", _START, str(folder)], variables


def _environment(program: Program) -> dict[str, str]:
    """The user's own environment: for a call including this process's changes, for a program the one that this process
    was started with, without lobench's variables. The order in which Numba compiles entries of sets is the same every
    time."""
    given = dict(os.environ) if program.kind == "call" else first_environment()
    # Functions that are not compiled have no lines.
    given.pop("NUMBA_DISABLE_JIT", None)
    return {"PYTHONHASHSEED": "0", **given}


def run(words: Sequence[str], variables: dict[str, str], output: Output) -> int:
    """Run it to its end; returns its exit code."""
    if output == "again":
        # A notebook's standard output is not a file that another process could write to.
        done = subprocess.run(
            words,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        print(done.stdout, end="")
        print(done.stderr, end="", file=sys.stderr)
        return done.returncode
    sys.stdout.flush()
    out = sys.stderr.fileno() if output == "error" else None
    process = subprocess.Popen(words, env=variables, stdout=out)
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        # Ctrl-C interrupts the program as well: show what ran until then. A second one, or a signal to this
        # process alone, ends everything.
        if type(interrupt) is not KeyboardInterrupt:
            raise
        return process.wait()
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a tool that still runs, with its processes: perf ends its program when it is asked to."""
    if process.poll() is not None:
        return
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
    finally:
        process.kill()
        process.wait()
