"""Estimates compile time from the amount of code, corrected by finished compilations."""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Sequence
from contextlib import suppress

from lobench.engine.errors import UsageError
from lobench.engine.kernel_builder import build as build_kernels
from lobench.engine.kernel_cache.codes import read
from lobench.engine.kernel_cache.fingerprint import fingerprint
from lobench.engine.kernel_cache.values import UnkeyableError
from lobench.variants import discover, resolve
from lobench.workbench.processes.compilers import Job

SECONDS_OF_NEW = 0.3e-3
SECONDS_OF_ALL = 0.1e-3
"""Of a byte of Python's code that no kernel before had, and of each: it is optimized once more in each kernel. Measured
on one machine; how much slower or faster another one is shows with the first kernel that is done."""

LATE = 1.2
"""How much longer than it has taken so far a kernel is thought to take in all, once it is late."""

LEAST_SECONDS = 1.0
"""A kernel that is under way takes so much longer, whatever was expected."""


class Expected:
    """Follows jobs as they begin and end."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._seconds = _seconds(jobs)
        self._waiting = list(jobs)
        self._began: dict[Job, float] = {}
        self._spent = self._foreseen = 0.0

    def begun(self, job: Job) -> None:
        self._waiting.remove(job)
        self._began[job] = time.monotonic()

    def ended(self, job: Job, seconds: float) -> None:
        del self._began[job]
        self._spent += seconds
        self._foreseen += self._seconds[job]

    def left(self) -> float:
        """Seconds until the last job is done, if waiting jobs go to the first free process."""
        now = time.monotonic()
        # Called from another thread while jobs begin and end.
        began, waiting = dict(self._began), list(self._waiting)
        # A job that is late already shows, before it ends, that everything is slower.
        late = max(((now - since) / self._seconds[job] for job, since in began.items()), default=0.0)
        pace = max(self._spent / self._foreseen if self._foreseen else 1.0, late * LATE)
        free = [max(LEAST_SECONDS, self._seconds[job] * pace - (now - since)) for job, since in began.items()]
        lanes = len(os.sched_getaffinity(0))
        free = (free + [0.0] * lanes)[: max(lanes, len(free))]
        heapq.heapify(free)
        for job in waiting:
            heapq.heappush(free, heapq.heappop(free) + self._seconds[job] * pace)
        return max(free)


def _seconds(jobs: Sequence[Job]) -> dict[Job, float]:
    """The expected time of each. It is unknown for external variants, which count as the average of the others."""
    shipped = discover()
    met: set[bytes] = set()
    found: dict[Job, float] = {}
    for job in jobs:
        with suppress(UsageError):
            found[job] = _of(build_kernels(resolve(job.variant, shipped), job.until).replay, met)
    usual = sum(found.values()) / len(found) if found else 10.0
    return {job: found.get(job, usual) for job in jobs}


def _of(kernel: object, met: set[bytes]) -> float:
    """The expected time of a kernel after others that ``met`` their functions."""
    try:
        functions = fingerprint([kernel]).functions
    except UnkeyableError:
        return 1.0
    sizes = {read(function.__code__).digest: len(function.__code__.co_code) for function in functions}
    new = sum(size for digest, size in sizes.items() if digest not in met)
    met.update(sizes)
    return new * SECONDS_OF_NEW + sum(sizes.values()) * SECONDS_OF_ALL
