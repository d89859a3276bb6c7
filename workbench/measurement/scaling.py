"""How variants scale over workers: whole replays on one, two … threads, in random order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from engine.errors import LobenchError
from engine.session import Replay
from workbench.measurement.clocks import usable_cpus
from workbench.measurement.handover import SharedFeed
from workbench.measurement.process import messages
from workbench.measurement.task import Job, Task

COLUMNS = ("process", "pass", "variant", "workers", "wall_ns", "cpu_ns")
"""``cpu_ns`` is that of all threads of the process together."""

_MOST = 16
"""Numbers of workers beyond this many are every power of two."""


def worker_counts() -> list[int]:
    """1 to the usable CPUs, at least 1 and 2."""
    cpus = max(2, len(usable_cpus()))
    return [count for count in range(1, cpus + 1) if count <= _MOST or count & (count - 1) == 0 or count == cpus]


def measure(
    feed: SharedFeed,
    variants: Sequence[str],
    *,
    evaluate: str,
    until: str = "strategies",
    files: Sequence[str],
    processes: int,
    seconds: float,
    seed: int = 1,
    advance: Callable[[float], None] = lambda seconds: None,
) -> dict[str, Any]:
    """``scaling`` of the result document: fresh processes of ``seconds`` in all, at least one pass each."""
    each = seconds / processes
    rows: list[list[int]] = []
    for number in range(processes):
        task = Task(
            job="scaling",
            variants=list(variants),
            files=list(files),
            evaluate=evaluate,
            until=until,
            seed=seed * 1000 + number,
            seconds=each,
            settings={"workers": worker_counts()},
        )
        for message in messages(task, feed):
            rows += [[number, *row] for row in message["rows"]]
        advance(each)
    return {"names": list(variants), "columns": list(COLUMNS), "rows": rows}


def work(job: Job) -> None:
    """Passes over all pairs of a variant and a number of workers until the task's seconds are spent. Setting:
    workers. Raises LobenchError where an end state depends on the number of workers."""
    began = time.monotonic()
    chosen = job.variants()
    pairs = [(index, workers) for index in range(len(chosen)) for workers in job.task.settings["workers"]]
    rng = random.Random(job.task.seed)
    feed = job.feed
    rows: list[tuple[int, ...]] = []
    states: set[int] = set()
    whole = feed.slice(0, feed.count)
    number = 0
    while not number or (time.monotonic() - began) * (number + 1) / number < job.task.seconds:
        for index, workers in rng.sample(pairs, len(pairs)):
            with Replay(
                chosen[index], workers=workers, evaluate=job.task.evaluate, until=job.task.until, observe=False
            ) as replay:
                wall, cpu = time.perf_counter_ns(), time.process_time_ns()
                replay.run(whole.address, whole.stride, whole.count)
                cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
                states.add(replay.end_state())
            rows.append((number, index, workers, wall, max(cpu, 1)))
            if len(states) > 1:
                raise LobenchError(f"{chosen[index].name} with {workers} workers ends in another state than the others")
        number += 1
    job.tell({"rows": rows})
