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
from workbench.processes import ended_with, side_by_side

BUILDS = {"timed": (False, False), "observed": (True, False), "counted": (False, True)}
"""Build name to (observe, counters)."""

LAST = STAGES[-1]

COMPILING_SECONDS = 1200.0
"""What one kernel may take: a hundred times what one takes here."""

_LONGEST_REASON = 2000
"""Characters of a compiler's message."""


def warm_all(
    variants: Sequence[Variant], builds: Sequence[str], files: Sequence[str] = (), *, until: str | Sequence[str] = LAST
) -> None:
    """Make sure that these builds of these variants are compiled, up to stage ``until``, or to each of several.
    ``files``: the user's own, for the helper processes. Raises LobenchError for one that does not compile."""
    for name, problem in compile_all(variants, builds, files, until=until).items():
        raise LobenchError(f"{name}: {problem}")


def compile_all(
    variants: Sequence[Variant], builds: Sequence[str], files: Sequence[str] = (), *, until: str | Sequence[str] = LAST
) -> dict[str, str]:
    """As ``warm_all``; returns the name of each variant that does not compile, and why."""
    folder = use_cache_folder()
    missing = {
        (variant.name, build, stage): _mark(folder, variant, build, stage)
        for variant in variants
        for build in builds
        for stage in ([until] if isinstance(until, str) else until)
    }
    # Variants of the same policies have the same kernels.
    jobs = list({mark: job for job, mark in missing.items() if not mark.exists()}.values())
    if not jobs:
        return {}
    problems: dict[Path, str] = {}
    with progress("compiling kernels (once)", len(jobs)) as ticker:
        for job, problem in _compile(jobs, files):
            ticker.advance()
            if problem is None:
                missing[job].touch()
            else:
                problems[missing[job]] = problem
    return {name: problems[mark] for (name, _, _), mark in missing.items() if mark in problems}


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


Job = tuple[str, str, str]
"""Variant, build, last stage."""


def _compile(jobs: Sequence[Job], files: Sequence[str]) -> Iterator[tuple[Job, str | None]]:
    """Compile ``jobs`` in as many processes as there are processors; yields each that is done, and why it does not
    compile."""
    # A user's file stays out of this process.
    if min(len(os.sched_getaffinity(0)), len(jobs)) == 1 and not files:
        for job in jobs:
            yield job, _compile_here(job, files)
        return

    def start(job: Job, said: IO[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "workbench.warming", *job, *files]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, text=True)

    with closing(side_by_side(jobs, start, COMPILING_SECONDS)) as ended:
        for job, code, said in ended:
            yield job, _problem(job, said.strip() or f"the compiler {ended_with(code)}") if code else None


def _compile_here(job: Job, files: Sequence[str]) -> str | None:
    from variants import discover, resolve

    name, build, until = job
    observe, counters = BUILDS[build]
    try:
        warm(resolve(name, discover(files)), observe=observe, counters=counters, until=until)
    except numba.core.errors.NumbaError as error:
        return _problem(job, str(error))
    return None


def _problem(job: Job, said: str) -> str:
    return f"the {job[1]} kernel does not compile:\n{_innermost(said)}"


def _innermost(problem: str) -> str:
    """What is wrong, of a message of Numba's: around it stands every caller with the types of its arguments."""
    _, _, inner = problem.rpartition("raised a specific error:")
    reason = inner.partition("During: Pass")[0]
    return textwrap.dedent(reason.strip("\n")).strip()[-_LONGEST_REASON:]


if __name__ == "__main__":
    _reason = _compile_here((sys.argv[1], sys.argv[2], sys.argv[3]), sys.argv[4:])
    if _reason is not None:
        raise SystemExit(_reason)
