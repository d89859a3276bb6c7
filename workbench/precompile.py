"""Compiling the kernels that a command will need, in parallel processes that fill the cache, with progress.

The cache itself is asked which kernels are there already, so that a warm start spends no time on it. What is not in the
cache is compiled where it is used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing

import numba

from lobench.engine.cache import source_digest
from lobench.engine.errors import LobenchError
from lobench.engine.foreign.start import Contestant
from lobench.engine.kernel_cache import kernel_folder
from lobench.engine.policy import COMPILED_AXES, Variant
from lobench.engine.workload import Workload
from lobench.variants import discover
from lobench.workbench.compiling import compile_here, not_kept, question
from lobench.workbench.console import Ticker, progress
from lobench.workbench.expected import Expected
from lobench.workbench.processes.compilers import Compiled, Job, compiled
from lobench.workbench.processes.resource_limits import memory_is_limited


def warm_all(
    variants: Sequence[Contestant], builds: Sequence[str], workload: Workload, *, stages: Sequence[str] | None = None
) -> None:
    """Make sure that these builds of these variants are compiled, up to the last stage of ``workload``, or up to each
    of ``stages``; engines from outside are passed over. Raises LobenchError for one that does not compile."""
    own = [variant for variant in variants if isinstance(variant, Variant)]
    for name, reason in compile_all(own, builds, workload, stages=stages).items():
        raise LobenchError(f"{name}: {reason}")


def compile_all(
    variants: Sequence[Variant], builds: Sequence[str], workload: Workload, *, stages: Sequence[str] | None = None
) -> dict[str, str]:
    """As ``warm_all``; returns the name of each variant that does not compile, and why."""
    if kernel_folder() is None or vars(numba.config)["DISABLE_JIT"]:
        # Compiling elsewhere is useless if the kernels cannot be shared.
        return {}
    sources = source_digest()
    stages = [workload.until] if stages is None else stages
    # Building kernels runs a user's file, so a helper does it and asks the cache itself.
    known: Collection[str] = discover() if workload.files else {variant.name for variant in variants}
    ours = [variant for variant in variants if variant.name in known]
    theirs = [variant for variant in variants if variant.name not in known]
    wanted = [
        (variant, build, stage)
        for stage in stages
        for build in builds
        for variant in (*not_kept(ours, question(sources, build, stage), stage), *theirs)
    ]
    # Variants with the same policies have the same kernels.
    kernels = {one: (tuple(getattr(one[0], axis) for axis in COMPILED_AXES), *one[1:]) for one in wanted}
    jobs = {kernel: Job(variant.name, build, stage) for (variant, build, stage), kernel in reversed(kernels.items())}
    if not jobs:
        return {}
    problems: dict[Job, str] = {}
    todo = list(reversed(jobs.values()))
    with progress("compiling kernels (once)", len(todo)) as ticker:
        for job, _, reason in _compile(todo, workload.files, frozenset(known), ticker):
            ticker.advance()
            if reason is not None:
                problems[job] = reason
    return {one[0].name: problems[jobs[kernel]] for one, kernel in kernels.items() if jobs[kernel] in problems}


def _compile(jobs: Sequence[Job], files: Sequence[str], known: Collection[str], ticker: Ticker) -> Iterator[Compiled]:
    """Compile ``jobs``, side by side if possible; yields each finished one, and reports the expected time."""
    expected = Expected(jobs)
    ticker.left(expected.left)
    # Not in this process: a user's file, or a compiler that aborts when memory runs out.
    if min(len(os.sched_getaffinity(0)), len(jobs)) == 1 and not files and not memory_is_limited():
        ended = _compiled_here(jobs, expected.begun)
    else:
        # If a user's function has no key, nothing is kept from then on: compile its variant alone.
        ended = compiled(jobs, files, alone=lambda job: job.variant not in known, begun=expected.begun)
    with closing(ended):
        for done in ended:
            expected.ended(done.job, done.seconds)
            yield done


def _compiled_here(jobs: Sequence[Job], begun: Callable[[Job], None]) -> Generator[Compiled, None, None]:
    for job in jobs:
        began = time.monotonic()
        begun(job)
        problem = compile_here(job, ())
        yield Compiled(job, time.monotonic() - began, problem)
