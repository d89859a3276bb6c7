"""Compiling the kernels that a command will need, in parallel processes that fill the cache, with progress.

Numba compiles one kernel at a time in a process (about 10 s each). A mark beside the cache says which kernels are
there already, so that a warm start spends no time on it. A wrong mark costs time, never a result: what is not in the
cache is compiled where it is used.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

import llvmlite
import numba

from engine.cache import use_cache_folder
from engine.errors import LobenchError
from engine.policy import COMPILED_AXES, STAGES, Variant
from engine.registry import FEATURES, STRATEGIES
from engine.session import warm
from workbench.console import progress
from workbench.processes import helper, side_by_side

BUILDS = {"timed": (False, False), "observed": (True, False), "counted": (True, True)}
"""Build name to (observe, counters)."""

LAST = STAGES[-1]

_LONGEST_REASON = 2000
"""Characters of a compiler's message."""


def warm_all(
    variants: Sequence[Variant], builds: Sequence[str], files: Sequence[str] = (), *, until: str | Sequence[str] = LAST
) -> None:
    """Make sure that these builds of these variants are compiled, up to stage ``until``, or to each of several.
    ``files``: the user's own, for the helper processes."""
    folder = use_cache_folder()
    missing = {
        (_mark(folder, variant, build, stage)): (variant.name, build, stage)
        for variant in variants
        for build in builds
        for stage in ([until] if isinstance(until, str) else until)
        if not _mark(folder, variant, build, stage).exists()
    }
    if not missing:
        return
    jobs = list(missing.values())
    with progress("compiling kernels (once)", len(jobs)) as ticker:
        for _ in _compile(jobs, files):
            ticker.advance()
    for mark in missing:
        mark.touch()


def _mark(folder: Path, variant: Variant, build: str, until: str) -> Path:
    parts = [build, until, numba.__version__, llvmlite.__version__, sys.version]
    for axis in COMPILED_AXES:
        policy = getattr(variant, axis)
        parts.append(f"{axis}={policy.name}")
        parts += sorted(
            f"{value.__module__}.{value.__qualname__}" for value in vars(policy).values() if callable(value)
        )
    parts += [f"{name}:{feature.function.__module__}" for name, feature in FEATURES.items()]
    parts += [f"{name}:{strategy.function.__module__}" for name, strategy in STRATEGIES.items()]
    return folder / f"compiled-{hashlib.blake2b(repr(parts).encode(), digest_size=10).hexdigest()}"


def _compile(jobs: Sequence[tuple[str, str, str]], files: Sequence[str]) -> Iterator[None]:
    """Compile ``jobs`` in as many processes as there are processors; yields once for each that is done."""
    lanes = min(len(os.sched_getaffinity(0)), len(jobs))
    if lanes == 1:
        yield from (None for _ in _compile_here(jobs, files))
        return

    def start(job: tuple[str, str, str], said: IO[str]) -> subprocess.Popen[str]:
        command = helper("workbench.warming", *job, *files)
        return subprocess.Popen(**command, stdout=subprocess.DEVNULL, stderr=said, text=True)

    with closing(side_by_side(jobs, start)) as ended:
        for (name, build, _), code, said in ended:
            if code:
                raise LobenchError(f"{name}: the {build} kernel does not compile:\n{_innermost(said)}")
            yield


def _compile_here(jobs: Sequence[tuple[str, str, str]], files: Sequence[str]) -> Iterator[None]:
    from variants import discover, resolve

    known = discover(files)
    for name, build, until in jobs:
        observe, counters = BUILDS[build]
        try:
            warm(resolve(name, known), observe=observe, counters=counters, until=until)
        except numba.core.errors.NumbaError as error:
            problem = _innermost(str(error))
            raise LobenchError(f"{name}: the {build} kernel does not compile:\n{problem}") from error
        yield


def _innermost(problem: str) -> str:
    """What is wrong, of a message of Numba's: around it stands every caller with the types of its arguments."""
    _, _, inner = problem.rpartition("raised a specific error:")
    reason = inner.partition("During: Pass")[0]
    return textwrap.dedent(reason.strip("\n")).strip()[-_LONGEST_REASON:]


if __name__ == "__main__":
    for _ in _compile_here([(sys.argv[1], sys.argv[2], sys.argv[3])], sys.argv[4:]):
        pass
