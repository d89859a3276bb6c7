"""Starting profiled processes: environment, waiting until they are warm, stopping, and messages about failures."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from lobench.engine.cache import base_folder
from lobench.engine.errors import LobenchError
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.last_words import LastWords
from lobench.workbench.processes.starting import Started, ending, helper, tool_environment
from lobench.workbench.profile.codemap import CodeMap
from lobench.workbench.profile.sources import Sources
from lobench.workbench.profile.task import Task
from lobench.workbench.profile.telling import OBJECTS, Done, Ready

TARGET = "lobench.workbench.profile.target"
WORKLOAD = "lobench.workbench.profile.workload"
"""The profiled target: a variant that replays, or work of known composition."""

TARGET_LOG = "target.log"

_POLL = 0.02
_PATIENCE = 600.0
"""Seconds until a target must be warm; compiling takes some ten."""


class ToolFailedError(LobenchError):
    """A profiler, or its target, failed or returned nothing."""


def target(
    name: str, *words: str, under: Sequence[str] = (), build: Mapping[str, str] = MappingProxyType({})
) -> Started:
    """A process to profile, or a profiler that is a module: ``name`` with its arguments, behind a tool's command line
    if it runs ``under`` one. The folder that it is started in holds its task.

    Kernels with line tables have a cache of their own; nothing is random, there are no helper threads. ``build``: the
    target of kernels.
    """
    made = helper(name, *words)
    kept = {name: value for name, value in tool_environment(made["env"]).items() if not name.startswith("NUMBA_CACHE")}
    own = {"LOBENCH_CACHE_DIR": str(base_folder() / "profile"), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    return Started(args=[*under, *made["args"]], env={**kept, **own, **build})


def run(
    started: Started,
    folder: Path,
    log: str,
    timeout: float,
    *,
    name: str = "the process to profile",
    more: bool = False,
) -> None:
    """Run in ``folder`` to the end; output goes to the file ``log`` there, appended if ``more``.

    Raises ToolFailedError with its last words, under ``name``; LobenchError with its own message to the user.
    """
    with _started(started, folder, log, more=more) as (process, said):
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise ToolFailedError(
                f"{name} did not end within {timeout:.0f} s; its output is in {folder / log}"
            ) from error
        if process.returncode:
            raise failed(name, process.returncode, said.text())


@contextmanager
def _started(
    started: Started, folder: Path, log: str, *, more: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], LastWords]]:
    """A process in ``folder``, which is stopped at the end; then the file ``log`` has the last part of its output."""
    process = subprocess.Popen(
        **started, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = LastWords(process.stdout)
    try:
        yield process, said
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        with (folder / log).open("a" if more else "w", encoding="utf-8") as out:
            out.write(said.text())
        said.close()


def failed(what: str, code: int, text: str) -> LobenchError:
    """The error for a process that failed: its own message to its user in ``text``, its output, else its last words."""
    said = [line for line in text.splitlines() if line.startswith("lobench: ")]
    if said and code > 0:
        error = LobenchError(said[-1].removeprefix("lobench: "))
        error.exit_code = code
        return error
    words = text.strip().splitlines()[-8:]
    return ToolFailedError("\n".join([f"{what} {ending(code, text)}" + ":" * bool(words), *words]))


@contextmanager
def running(task: Task, folder: Path, module: str = TARGET) -> Iterator[int]:
    """A target that is warm and replays; its process id. It is stopped at the end."""
    task.write(folder)
    (folder / "stop").unlink(missing_ok=True)
    (folder / Ready.FILE).unlink(missing_ok=True)
    try:
        with _started(target(module), folder, TARGET_LOG) as (process, said):
            yield _await(process, folder, said)
            (folder / "stop").touch()
            if process.wait(60):
                raise failed("the profiled process", process.returncode, said.text())
    finally:
        (folder / "stop").unlink(missing_ok=True)


@contextmanager
def compiling(task: Task) -> Iterator[None]:
    """Within the context, another process compiles the kernels that targets of this task run; at the end it is waited
    for. Its failure is reported by the next target."""
    with scratch_folder() as folder:
        replace(task, mode="compile").write(Path(folder))
        process = subprocess.Popen(
            **target(TARGET),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
            process.wait()
        finally:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Told:
    """A target's report: its code map, source texts, the feed's name, and the course of its run."""

    codes: CodeMap
    sources: Sources
    feed: str
    pass_records: int
    done: Done


def codes_in(folder: Path) -> CodeMap:
    """The code map of a target that is warm, or was; an empty one if it reported no objects. Needs pyelftools
    otherwise."""
    ready = Ready.read(folder)
    if not ready.objects:
        return CodeMap([])
    from lobench.workbench.profile.dwarf import Placed, code_map

    return code_map(Placed((folder / OBJECTS / name).read_bytes(), dict(bases)) for name, bases in ready.objects)


def told_in(folder: Path, codes: CodeMap | None = None) -> Told:
    """The report that an ended target left in its folder; its ``codes`` if they are known already."""
    ready = Ready.read(folder)
    codes = codes or codes_in(folder)
    files = {frame.file for piece in codes.pieces for frame in piece.stack}
    return Told(
        codes,
        Sources.of(sorted(files), {name: lines for name, lines in ready.generated.items() if name in files}),
        ready.feed,
        ready.records,
        Done.read(folder),
    )


def _await(process: subprocess.Popen[bytes], folder: Path, said: LastWords) -> int:
    end = time.monotonic() + _PATIENCE
    while not (folder / Ready.FILE).exists():
        if process.poll() is not None:
            raise failed("the process to profile", process.returncode, said.text())
        if time.monotonic() > end:
            raise ToolFailedError(
                f"the process to profile was not warm within {_PATIENCE:.0f} s; its output is in {folder / TARGET_LOG}"
            )
        time.sleep(_POLL)
    return Ready.read(folder).pid
