"""A compiler's process: compiles one kernel after another into the cache, as ``processes.compilers`` asks.

Run as ``python -m lobench.workbench.compiling FILE…`` with the user's files. A line of standard input is a job, a line
of standard output its answer: null, or why the kernel does not compile.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence

import numba

from lobench.engine.cache import source_digest
from lobench.engine.kernel_builder import build as build_kernels
from lobench.engine.kernel_cache import is_kept, recall, remember
from lobench.engine.policy import Variant
from lobench.engine.replay import warm
from lobench.variants import resolve_compiled
from lobench.workbench.processes.compilers import Job, problem

BUILDS = {"timed": (False, False), "observed": (True, False), "counted": (False, True)}
"""Build name to (observe, counters)."""


def question(sources: str, build: str, until: str) -> str:
    """The name under which the signatures of a build's kernels are recorded; the same for all variants."""
    return f"{build} until {until} of {sources}"


def not_kept(variants: Sequence[Variant], question: str, until: str) -> Iterator[Variant]:
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


def compile_here(job: Job, files: Sequence[str]) -> str | None:
    """Compile a kernel that is not in the cache; returns why it does not compile, if so."""
    observe, counters = BUILDS[job.build]
    variant = resolve_compiled(job.variant, files)
    noted = question(source_digest(), job.build, job.until)
    if not any(not_kept([variant], noted, job.until)):
        return None
    kernels = vars(build_kernels(variant, job.until))
    # The kernels' digest must cover this use alone, not an earlier one in this process.
    unused = not any(kernel.overloads for kernel in kernels.values())
    try:
        warm(variant, observe=observe, counters=counters, until=job.until)
    except numba.core.errors.NumbaError as error:
        return problem(job, str(error))
    if unused:
        remember(noted, kernels)
    return None


def main() -> None:
    """Serve until there are no more jobs."""
    # Keep a user file's prints out of the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    for line in sys.stdin:
        print(json.dumps(compile_here(Job(*json.loads(line)), sys.argv[1:])), file=answers, flush=True)


if __name__ == "__main__":
    main()
