"""Compiling the kernels that a command will need, in parallel processes that fill the cache, with progress.

The cache itself is asked for existing kernels, so that a warm start spends no time here. Other kernels are compiled at
their first use.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Sequence
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
from lobench.workbench.console import progress
from lobench.workbench.processes.compilers import Job, compiled
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
    with (
        progress("compiling kernels (once)", len(todo), even=False) as ticker,
        closing(_compile(todo, workload.files, frozenset(known))) as ended,
    ):
        for job, reason in ended:
            ticker.advance()
            if reason is not None:
                problems[job] = reason
    return {one[0].name: problems[jobs[kernel]] for one, kernel in kernels.items() if jobs[kernel] in problems}


def _compile(
    jobs: Sequence[Job], files: Sequence[str], known: Collection[str]
) -> Generator[tuple[Job, str | None], None, None]:
    """Compile ``jobs``, side by side if possible; yields each finished one with the reason if it does not compile."""
    # Not in this process: a user's file, or a compiler that aborts when memory runs out.
    if min(len(os.sched_getaffinity(0)), len(jobs)) == 1 and not files and not memory_is_limited():
        return ((job, compile_here(job, ())) for job in jobs)
    # After a user's function without a key, a process caches nothing more: compile its variant alone.
    return compiled(jobs, files, alone=lambda job: job.variant not in known)
