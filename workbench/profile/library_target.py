"""The process in which an engine that is a shared library is profiled: it applies records and does nothing else.

As ``target``, but that it loads no compiler; records are those that a process in mode ``compile`` has kept before.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from lobench.engine.foreign.abi import Options, Table
from lobench.engine.foreign.library import Library, LibraryEngine
from lobench.workbench.commits.counting import Stub
from lobench.workbench.profile.kept import RECORDS, About
from lobench.workbench.profile.steady import allow_looking, count, passes, saying
from lobench.workbench.profile.task import LONGEST, Task
from lobench.workbench.profile.telling import Done, Ready

_STRIDE = 56
"""Bytes of a record."""


class LibraryTarget:
    """A library and the records that its engines apply."""

    def __init__(self, task: Task) -> None:
        assert task.library is not None
        self._library = Library(task.library)
        if task.mode == "count":
            self._stub = Stub(self._library.table.apply)
            self._library.table = Table.from_buffer_copy(self._library.table)
            self._library.table.apply = self._stub.address
        self.about = About.read()
        workload = replace(task.workload, orders=self.about.orders, instruments=self.about.instruments)
        self._options = Options.of(workload)
        self._records = np.load(RECORDS)
        self._address = int(self._records.ctypes.data)
        self.count = self._records.size // _STRIDE

    @contextmanager
    def replay(self) -> Iterator[LibraryEngine]:
        engine = self._library.make(self._options)
        try:
            yield engine
        finally:
            engine.close()

    def run(self, replay: LibraryEngine, start: int, stop: int) -> None:
        replay.apply(self._address + start * _STRIDE, _STRIDE, stop - start)


def keep(task: Task) -> None:
    """Read the feed, once and outside of any profiler."""
    from lobench.engine.feeds import open_feed
    from lobench.workbench.profile.beginning import beginning
    from lobench.workbench.profile.beginning import keep as kept

    kept(beginning(open_feed(task.feed), task.warm + task.records))


def ready(target: LibraryTarget) -> None:
    """Say so, and let profilers attach."""
    allow_looking()
    Ready(pid=os.getpid(), records=target.count, feed=target.about.name).write()


def main() -> None:
    task = Task.read()
    if task.mode == "compile":
        keep(task)
        return
    target = LibraryTarget(task)
    gc.disable()
    if task.mode != "count":
        ready(target)
    wall, cpu = time.perf_counter(), time.process_time()
    handled = count(target, task) if task.mode == "count" else passes(target, min(task.seconds, LONGEST))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if task.mode == "count":
        ready(target)
    Done(records=handled, seconds=wall, cpu_seconds=cpu).write()


if __name__ == "__main__":
    saying(main)
