"""The machine's limits: reading a feed's bytes in order, and reading its live orders at random."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from lobench.engine.kernel_cache import attach
from lobench.engine.layout import ORDER
from lobench.workbench.measurement.process import cpu_for, messages
from lobench.workbench.measurement.protocol import LimitSamples, LimitsSettings
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Job, Task
from lobench.workbench.results.model.samples import MeasuredLimits, RandomAccess, SequentialRead

SLOT_BYTES = -(-ORDER.itemsize // 64) * 64
"""An order's slot in the table: whole cache lines."""

ACCESSES = 1_000_000
_LEAST_SAMPLES = 5


@attach
@njit(nogil=True)
def read_sequentially(words: npt.NDArray[np.uint64]) -> Any:
    """Sum of all 64-bit words, shape (n,), in order; modulo 2^64."""
    total = np.uint64(0)
    for index in range(words.size):
        total += words[index]
    return total


@attach
@njit(nogil=True)
def read_randomly(words: npt.NDArray[np.uint64], stride: int, slots: int, accesses: int, seed: int) -> Any:
    """Sum of the first word of ``accesses`` random slots of ``stride`` words; no address depends on a value read, so
    that misses overlap. Slots are drawn by Vigna's splitmix64 and Lemire's multiplication (32 bits)."""
    total = np.uint64(0)
    state = np.uint64(seed)
    for _ in range(accesses):
        state += np.uint64(0x9E3779B97F4A7C15)
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        slot = ((mixed >> np.uint64(32)) * np.uint64(slots)) >> np.uint64(32)
        total += words[slot * np.uint64(stride)]
    return total


def measure(
    feed: SharedFeed,
    orders: int,
    *,
    processes: int,
    seconds: float,
    seed: int = 1,
    advance: Callable[[float], None] = lambda seconds: None,
) -> MeasuredLimits:
    """``limits`` of the result document: thread CPU time of each reading, in fresh processes of ``seconds`` in all."""
    each = seconds / processes
    sequential: list[int] = []
    random: list[int] = []
    size = 0
    for number in range(processes):
        task = Task(
            job="limits",
            seed=seed * 1000 + number,
            seconds=each,
            cpu=cpu_for(number),
            settings=LimitsSettings(orders=orders),
        )
        for found in messages(task, LimitSamples, feed):
            sequential += found.sequential_ns
            random += found.random_ns
            size = found.bytes
        advance(each)
    return MeasuredLimits(
        SequentialRead(size, feed.count, tuple(sequential)),
        RandomAccess(orders, orders * SLOT_BYTES, ACCESSES, tuple(random)),
    )


def work(job: Job) -> None:
    """Read until the task's seconds are spent, in turn."""
    orders = job.settings(LimitsSettings).orders
    rng = np.random.default_rng(job.task.seed)
    data = job.feed.records.view(np.uint8)
    words = data[: data.size // 8 * 8].view(np.uint64)
    table = rng.integers(0, 2**63, orders * SLOT_BYTES // 8, dtype=np.uint64)
    # Run once untimed, to compile and to touch every page.
    read_sequentially(words)
    read_randomly(table, SLOT_BYTES // 8, orders, ACCESSES, 0)
    sequential: list[int] = []
    random: list[int] = []
    began = time.monotonic()
    while len(random) < _LEAST_SAMPLES or time.monotonic() - began < job.task.seconds:
        sequential.append(_timed(lambda: read_sequentially(words)))
        draw = int(rng.integers(2**62))
        random.append(_timed(lambda draw=draw: read_randomly(table, SLOT_BYTES // 8, orders, ACCESSES, draw)))  # type: ignore[misc]
    job.tell(LimitSamples(sequential_ns=tuple(sequential), random_ns=tuple(random), bytes=words.size * 8))


def _timed(read: Callable[[], Any]) -> int:
    began = time.thread_time_ns()
    read()
    return max(time.thread_time_ns() - began, 1)
