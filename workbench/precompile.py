"""Compiling the kernels that a command will need, in parallel processes that fill the cache, with progress.

Numba compiles one kernel at a time in a process (about 10 s each). The cache itself is asked which kernels are there
already, so that a warm start spends no time on it. What is not in the cache is compiled where it is used.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from typing import IO

import numba

from lobench.engine.cache import source_digest
from lobench.engine.errors import LobenchError
from lobench.engine.foreign.start import Contestant
from lobench.engine.kernel_builder import build as build_kernels
from lobench.engine.kernel_cache import is_kept, kernel_folder, recall, remember
from lobench.engine.policy import COMPILED_AXES, Variant
from lobench.engine.replay import warm
from lobench.engine.workload import Workload
from lobench.variants import discover, resolve_compiled
from lobench.workbench.console import progress
from lobench.workbench.processes.resource_limits import memory_is_limited, out_of_memory, tells_of_memory
from lobench.workbench.processes.starting import ending, helper, side_by_side

BUILDS = {"timed": (False, False), "observed": (True, False), "counted": (False, True)}
"""Build name to (observe, counters)."""

COMPILING_SECONDS = 1200.0
"""What one kernel may take: a hundred times what one takes here."""

_LONGEST_REASON = 2000
"""Characters of a compiler's message."""


def warm_all(
    variants: Sequence[Contestant], builds: Sequence[str], workload: Workload, *, stages: Sequence[str] | None = None
) -> None:
    """Make sure that these builds of these variants are compiled, up to the last stage of ``workload``, or up to each
    of ``stages``; engines from outside are passed over. Raises LobenchError for one that does not compile."""
    own = [variant for variant in variants if isinstance(variant, Variant)]
    for name, problem in compile_all(own, builds, workload, stages=stages).items():
        raise LobenchError(f"{name}: {problem}")


def compile_all(
    variants: Sequence[Variant], builds: Sequence[str], workload: Workload, *, stages: Sequence[str] | None = None
) -> dict[str, str]:
    """As ``warm_all``; returns the name of each variant that does not compile, and why."""
    if kernel_folder() is None or vars(numba.config)["DISABLE_JIT"]:
        # Nobody could use what others compile.
        return {}
    sources = source_digest()
    stages = [workload.until] if stages is None else stages
    # What a user's file does when its kernels are built happens in a helper, which asks the cache itself.
    known: Collection[str] = discover() if workload.files else {variant.name for variant in variants}
    ours = [variant for variant in variants if variant.name in known]
    theirs = [variant for variant in variants if variant.name not in known]
    wanted = [
        (variant, build, stage)
        for stage in stages
        for build in builds
        for variant in (*_not_kept(ours, _question(sources, build, stage), stage), *theirs)
    ]
    # Variants of the same policies have the same kernels.
    kernels = {one: (tuple(getattr(one[0], axis) for axis in COMPILED_AXES), *one[1:]) for one in wanted}
    jobs = {kernel: (variant.name, build, stage) for (variant, build, stage), kernel in reversed(kernels.items())}
    if not jobs:
        return {}
    problems: dict[Job, str] = {}
    with progress("compiling kernels (once)", len(jobs)) as ticker:
        for job, problem in _compile(list(reversed(jobs.values())), workload.files):
            ticker.advance()
            if problem is not None:
                problems[job] = problem
    return {one[0].name: problems[jobs[kernel]] for one, kernel in kernels.items() if jobs[kernel] in problems}


def _question(sources: str, build: str, until: str) -> str:
    """Under which it is noted what signatures the kernels of a build are used with; the same for all variants."""
    return f"{build} until {until} of {sources}"


def _not_kept(variants: Sequence[Variant], question: str, until: str) -> Iterator[Variant]:
    """The variants with a kernel that is not in the cache; all of them if it is not known which are used."""
    used = recall(question)
    for variant in variants:
        if used is None:
            yield variant
            continue
        kernels = vars(build_kernels(variant, until))
        if not all(
            name in kernels and is_kept(kernels[name], signature)
            for name, signatures in used.items()
            for signature in signatures
        ):
            yield variant


Job = tuple[str, str, str]
"""Variant, build, last stage."""


def _compile(jobs: Sequence[Job], files: Sequence[str]) -> Iterator[tuple[Job, str | None]]:
    """Compile ``jobs`` in as many processes as there are processors; yields each that is done, and why it does not
    compile."""
    # A user's file stays out of this process, and so does a compiler that ends it where memory runs out.
    if min(len(os.sched_getaffinity(0)), len(jobs)) == 1 and not files and not memory_is_limited():
        for job in jobs:
            yield job, _compile_here(job, files)
        return

    def start(job: Job, said: IO[str]) -> subprocess.Popen[str]:
        command = helper("lobench.workbench.precompile", *job, *files)
        return subprocess.Popen(
            **command, stdout=subprocess.DEVNULL, stderr=said, text=True, encoding="utf-8", errors="replace"
        )

    with closing(side_by_side(jobs, start, COMPILING_SECONDS)) as ended:
        for job, code, said in ended:
            yield job, _ended_for(job, code, said.strip()) if code else None


def _ended_for(job: Job, code: int, said: str) -> str:
    """Why a compiler ended with ``code`` that printed ``said``."""
    if memory_is_limited() and (code < 0 or tells_of_memory(said)):
        return f"{out_of_memory('the compiler')}; raise the limit"
    return _problem(job, said or f"the compiler {ending(code)}")


def _compile_here(job: Job, files: Sequence[str]) -> str | None:
    name, build, until = job
    observe, counters = BUILDS[build]
    variant = resolve_compiled(name, files)
    question = _question(source_digest(), build, until)
    if not any(_not_kept([variant], question, until)):
        return None
    kernels = vars(build_kernels(variant, until))
    # Kernels that have been used in other ways would tell of those, too.
    unused = not any(kernel.overloads for kernel in kernels.values())
    try:
        warm(variant, observe=observe, counters=counters, until=until)
    except numba.core.errors.NumbaError as error:
        return _problem(job, str(error))
    if unused:
        remember(question, kernels)
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
