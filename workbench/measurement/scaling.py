"""Scaling of variants over workers: whole replays on one, two … threads, in random order; and the machine's limit: the
same number of independent replays at once, each on one thread with its own memory."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from lobench.engine.activity import activity
from lobench.engine.errors import LobenchError
from lobench.engine.feeds import Chunk
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant, Running, start_replay
from lobench.engine.workload import Workload
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.prefault import taken, touch
from lobench.workbench.measurement.process import messages
from lobench.workbench.measurement.protocol import ScalingSamples, ScalingSettings
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Job, Task
from lobench.workbench.results.model.samples import NamedSamples

COLUMNS = ("process", "pass", "variant", "workers", "wall_ns", "cpu_ns")
"""``cpu_ns``: CPU time of all threads of the process. For simultaneous replays, ``workers`` is their number, and times
are taken until the last one ends."""

_MOST = 16
"""Numbers of workers beyond this many are every power of two."""


def worker_counts() -> list[int]:
    """1 to the usable CPUs, at least 1 and 2."""
    cpus = max(2, len(usable_cpus()))
    return [count for count in range(1, cpus + 1) if count <= _MOST or count & (count - 1) == 0 or count == cpus]


def measure(
    feed: SharedFeed,
    variants: Sequence[str],
    workload: Workload,
    *,
    traced: bool,
    processes: int,
    seconds: float,
    seed: int = 1,
    advance: Callable[[float], None] = lambda seconds: None,
) -> tuple[NamedSamples, NamedSamples]:
    """``scaling`` and ``at_once`` of the result document: fresh processes of ``seconds`` in all, at least one pass
    each. ``traced``: traces are compared."""
    each = seconds / processes
    found = ScalingSamples()
    for number in range(processes):
        task = Task(
            job="scaling",
            variants=list(variants),
            workload=workload,
            traced=traced,
            seed=seed * 1000 + number,
            seconds=each,
            settings=ScalingSettings(workers=tuple(worker_counts())),
        )
        for told in messages(task, ScalingSamples, feed):
            found.scaling.extend([number, *row] for row in told.scaling)
            found.at_once.extend([number, *row] for row in told.at_once)
        advance(each)
    names = tuple(variants)
    return NamedSamples(names, COLUMNS, found.scaling), NamedSamples(names, COLUMNS, found.at_once)


def work(job: Job) -> None:
    """Passes over all pairs of a variant and a number of workers until the task's seconds are spent. Raises
    LobenchError where an end state depends on the number of workers."""
    began = time.monotonic()
    chosen = job.variants()
    counts = job.settings(ScalingSettings).workers
    # Replays at once: the upper limit for one replay with as many workers, if they were independent of each other.
    ways = [(False, count) for count in counts] + [(True, count) for count in counts if count > 1]
    cases = [(index, *way) for index in range(len(chosen)) for way in ways if _works(chosen[index], *way)]
    rng = random.Random(job.task.seed)
    found = ScalingSamples()
    states: set[tuple[int, int | None]] = set()
    ids = activity(job.feed)
    number = 0
    while not number or (time.monotonic() - began) * (number + 1) / number < job.task.seconds:
        for index, at_once, count in rng.sample(cases, len(cases)):
            job.in_hand(index)
            touch(taken())
            with ExitStack() as stack:
                replays = [
                    stack.enter_context(
                        start_replay(
                            chosen[index],
                            job.task.workload,
                            workers=1 if at_once else count,
                            activity=ids,
                        )
                    )
                    for _ in range(count if at_once else 1)
                ]
                rows = found.at_once if at_once else found.scaling
                rows.append([number, index, count, *_timed(replays, job.feed.slice(0, job.feed.count))])
                for replay in replays:
                    replay.settle()
                    states.add((replay.end_state(), replay.trace if job.task.traced else None))
            if len(states) > 1:
                raise LobenchError(f"{chosen[index].name} with {count} workers ends in another state than the others")
        number += 1
    job.tell(found)


def _works(contestant: Contestant, at_once: bool, count: int) -> bool:
    """Whether this can be measured: an engine from outside has at most its own number of workers, and two engines in
    one process might disturb each other."""
    if not isinstance(contestant, ForeignEngine):
        return True
    return not at_once and count <= contestant.most_workers


def _timed(replays: Sequence[Running], whole: Chunk) -> tuple[int, int]:
    """Wall and CPU time of replays at once, from the first's start to the last's end, in ns."""
    with ThreadPoolExecutor(len(replays)) as pool:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        others = [pool.submit(replay.run, whole.address, whole.stride, whole.count) for replay in replays[1:]]
        replays[0].run(whole.address, whole.stride, whole.count)
        for done in others:
            done.result()
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return wall, max(cpu, 1)
