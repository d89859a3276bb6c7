"""Starts processes: command lines and environments, several at a time, and the meaning of exit codes.

Every process that runs Python is started by ``helper``: it imports this copy of lobench whatever the working directory
and PYTHONPATH contain, and ends with the thread that started it (``processes.child``). Other programs get
``tool_environment``: a user's own settings for them, made for other purposes, do not change their output.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, TypedDict, TypeVar

from lobench.engine.errors import LobenchError
from lobench.workbench import PACKAGES, ROOT
from lobench.workbench.processes import child

Job = TypeVar("Job")

_NO_CHANGES: Mapping[str, str] = MappingProxyType({})

_OF_PYTHON = ("PYTHONPATH", "PYTHONINSPECT", "PYTHONSTARTUP", "PYTHONSAFEPATH")
"""Helpers get their import path, and end when they are done."""

_OF_TOOLS = ("VALGRIND_OPTS", "PERF_BUILDID_DIR", "PERF_PAGER", "DEBUGINFOD_URLS")
_OF_TOOLS_BEGIN = ("MALLOC_", "SCALENE_", "MEMRAY_")
"""Variables that affect valgrind, perf, scalene, memray, or the allocator under them."""

_PID_DIGITS = 10
"""Fixed number: where callgrind counts, a process must receive the same number of bytes every time."""


class WorkerError(LobenchError):
    """A process that lobench started has ended badly, or was ended. ``who``: the variant that it had in hand, None if
    it had none; ``how`` it ended with that."""

    def __init__(self, message: str, who: str | None = None, how: str = "") -> None:
        super().__init__(message)
        self.who = who
        self.how = how


class Started(TypedDict):
    """A command line and its environment, as ``subprocess`` takes them: ``Popen(**helper(...), text=True)``."""

    args: list[str]
    env: dict[str, str]


def helper(
    name: str,
    *words: str,
    changes: Mapping[str, str] = _NO_CHANGES,
    python: str = sys.executable,
    root: Path = ROOT,
    packages: Iterable[str] = PACKAGES,
    texts: Path | None = None,
) -> Started:
    """A process that runs the module ``name``, or the file of that path, with these words.

    ``changes`` to the environment. Lobench's ``packages`` are imported from ``root``, all else as here; another
    interpreter than this one imports all else from where it does. ``texts``: the folder of files by their content whose
    places functions are said to stand in (``child``). The thread that starts it must outlive it.
    """
    told = {
        "parent": f"{os.getpid():0{_PID_DIGITS}}",
        "path": _import_path() if python == sys.executable else None,
        "root": str(root),
        "packages": list(packages),
        "texts": None if texts is None else str(texts),
    }
    return Started(
        args=[python, "-P", child.__file__, json.dumps(told), name, *words],
        env=environment(changes),
    )


def _import_path() -> list[str]:
    """This process's import path as one in another folder finds it. Entries that are no paths are import hooks'."""
    path = [entry or os.curdir for entry in sys.path]
    return [os.path.abspath(entry) if os.path.exists(entry) else entry for entry in path]


def environment(changes: Mapping[str, str] = _NO_CHANGES) -> dict[str, str]:
    """The environment of a helper. Its matrices are small: threads for them only take memory."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_PYTHON}
    return {"OPENBLAS_NUM_THREADS": "1", **kept, **changes}


def first_environment() -> dict[str, str]:
    """The environment this process was started with, for a user's own commands: without later changes by lobench."""
    try:
        entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return dict(os.environ)
    pairs = (os.fsdecode(entry).partition("=") for entry in entries)
    return {name: value for name, equals, value in pairs if equals}


def tool_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a profiler and its target: these ``variables``, or a helper's, without tool settings."""
    given = environment() if variables is None else variables
    kept = {
        name: value for name, value in given.items() if name not in _OF_TOOLS and not name.startswith(_OF_TOOLS_BEGIN)
    }
    return {**kept, "PERF_CONFIG": os.devnull}


def ending(code: int, said: str = "") -> str:
    """How a process ended, in words that follow its name: by its exit code, as ``subprocess`` has it, and its last
    output, ``said``."""
    last = said.strip().rpartition("\n")[2]
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"was killed by {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "")
    if code and last.partition(":")[0].endswith("MemoryError"):
        return "ran out of memory"
    return f"ended with code {code}"


def side_by_side(
    jobs: Iterable[Job],
    start: Callable[[Job, IO[str]], subprocess.Popen[str]],
    seconds: float = math.inf,
    stop: Callable[[subprocess.Popen[str]], None] = subprocess.Popen.kill,
) -> Generator[tuple[Job, int, str], None, None]:
    """Yield each job with its process's exit code and output, in the order in which they end.

    ``start`` starts a job's process, with its output to the file. Jobs are taken only when there is room. ``seconds``:
    limit for one; then ``stop`` ends it, as it ends all that still run when the consumer stops.
    """
    waiting = iter(jobs)
    running: dict[subprocess.Popen[str], tuple[Job, IO[str], float]] = {}
    lanes = len(os.sched_getaffinity(0))
    more = True
    try:
        while more or running:
            while more and len(running) < lanes:
                try:
                    job = next(waiting)
                except StopIteration:
                    more = False
                    break
                # A compiler can print more than a pipe holds.
                heard: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
                running[start(job, heard)] = (job, heard, time.monotonic())
            time.sleep(0.02)
            for process, (_, _, began) in running.items():
                if time.monotonic() - began > seconds:
                    stop(process)
            for process in [process for process in running if process.poll() is not None]:
                job, heard, _ = running.pop(process)
                with heard:
                    heard.seek(0)
                    said = heard.read()
                yield job, process.returncode, said
    finally:
        for process, (_, heard, _) in running.items():
            stop(process)
            process.wait()
            heard.close()
