"""The process that is profiled: compiles, warms up, then replays and nothing else while a profiler looks.

Started in the folder that holds its ``Task``; everything it tells lies there: ``target.json`` when it is warm (with
the places of its machine code, whose objects are in ``objects``), ``done.json`` when it has ended. A file named
``stop`` ends it between two slices.
"""

from __future__ import annotations

import linecache
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lobench.workbench.profile import linetables
from lobench.workbench.profile.steady import allow_looking, count, passes, saying
from lobench.workbench.profile.task import LONGEST, Task
from lobench.workbench.profile.telling import Done, Ready, leave

if TYPE_CHECKING:
    from lobench.engine.foreign.engine import ForeignEngine
    from lobench.engine.foreign.start import Contestant, Running
    from lobench.engine.workload import Workload


class Applied:
    """A new engine from outside in the place of a replay: its answers are not needed."""

    def __init__(self, engine: ForeignEngine, workload: Workload) -> None:
        from lobench.engine.foreign.abi import Options

        self._face = engine.start(Options.of(workload))
        self.run = self._face.apply

    def finish(self) -> None:
        """There is nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._face.close()


class Target:
    """A variant, or an engine that is a Python class, and the records that it replays, ready to run."""

    def __init__(self, task: Task) -> None:
        linetables.install()
        from lobench.engine.feeds import open_feed
        from lobench.variants import discover, resolve
        from lobench.workbench.profile.beginning import beginning, keep, kept

        self.task = task
        variant = resolve(task.variant, discover(task.workload.files))
        self.variant: Contestant = variant.fitted(variant.parameters_of(task.workload.parameters))
        # Reading is slow under valgrind, so the feed was read beforehand.
        read = task.mode != "count"
        self.feed = beginning(open_feed(task.feed), task.warm + task.records) if read else kept()
        if task.mode == "compile":
            keep(self.feed)
        self.count = self.feed.count
        # As in a session.
        self.workload = replace(task.workload, orders=self.feed.most_orders, instruments=self.feed.instruments)
        with self.replay() as replay:
            # Compile the kernels of the loop, its begin and its end. Nothing asks this process for results.
            replay.run(0, 0, 0)

    def replay(self) -> Running | Applied:
        from lobench.engine.foreign.start import start_replay
        from lobench.engine.policy import Variant

        if not isinstance(self.variant, Variant):
            return Applied(self.variant, self.workload)
        return start_replay(self.variant, self.workload)

    def run(self, replay: Running | Applied, start: int, stop: int) -> None:
        """Records ``start`` to ``stop`` of the feed."""
        chunk = self.feed.slice(start, stop)
        replay.run(chunk.address, chunk.stride, chunk.count)


def ready(feed: str, records: int, mode: str) -> None:
    """Write ``target.json`` and the objects that it names, and let profilers attach."""
    allow_looking()
    Ready(
        pid=os.getpid(),
        records=records,
        feed=feed,
        # Profilers of Python code find the lines themselves.
        objects=[] if mode in ("scalene", "memray") else leave(Path()),
        generated={name: linecache.getlines(name) for name in sorted(linecache.cache) if name.startswith("<")},
    ).write()


def plain(target: Target) -> int:
    return passes(target, min(target.task.seconds, LONGEST))


def under_scalene(target: Target) -> int:
    """Scalene was held back until now."""
    from scalene.scalene_profiler import enable_profiling

    with enable_profiling():
        return passes(target, target.task.seconds)


def under_memray(target: Target) -> int:
    """One pass over the records, its making and its end; memray writes to ``memray.bin``."""
    import memray

    with memray.Tracker("memray.bin", native_traces=True), target.replay() as replay:
        target.run(replay, 0, target.count)
        replay.finish()
    return target.count


MODES: dict[str, Callable[[Target], int]] = {
    "plain": plain,
    "count": lambda target: count(target, target.task),
    "scalene": under_scalene,
    "memray": under_memray,
    "compile": lambda target: 0,
}


def main() -> None:
    target = Target(Task.read())
    mode = target.task.mode
    if mode not in ("count", "compile"):
        ready(target.feed.name, target.count, mode)
    wall, cpu = time.perf_counter(), time.process_time()
    handled = MODES[mode](target)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if mode == "count":
        # Only after the count: the message depends on the process, and would change the heap that is counted.
        ready(target.feed.name, target.count, mode)
    Done(records=handled, seconds=wall, cpu_seconds=cpu).write()


if __name__ == "__main__":
    saying(main)
