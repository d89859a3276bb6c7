"""The measuring process: one job, a JSON object in the first line of stdin, answered by one JSON object a line on
stdout. A job that takes long to prepare then waits for the second line, which says when its turn has come, how long to
measure, and with which settings.

Started by ``lobench.workbench.measurement.process``. Output of a variant's file goes to stderr.
"""

from __future__ import annotations

import gc
import importlib
import json
import mmap
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, NoReturn

from lobench.engine.errors import LobenchError
from lobench.workbench.measurement.clocks import pin
from lobench.workbench.measurement.protocol import Ready, Turn
from lobench.workbench.measurement.task import JOBS, NOBODY, Job, Task
from lobench.workbench.results.conversion import as_json, from_json

if TYPE_CHECKING:
    from lobench.engine.feeds import LoadedFeed
    from lobench.engine.foreign.start import Contestant


def main() -> int:
    """Do the job on stdin; returns the exit code, 1 with a line on stderr for an error that the user can mend."""
    # Interrupts are handled by the parent, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = Task.of(sys.stdin.readline())
    channel = _channel()
    module = importlib.import_module(JOBS[task.job])
    feed = None
    if task.descriptor is not None:
        # Only jobs that replay load the engine.
        from lobench.workbench.measurement.shared_feed import receive

        feed = receive(task.descriptor, task.feed, task.count)
    job = _Job(task, feed, channel)
    gc.collect()
    gc.disable()
    try:
        module.work(job)
        job.in_hand(NOBODY)
    except LobenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """End at once: taking a compiler's memory apart, which the system does anyway, takes as long as a pass."""
    sys.stderr.flush()
    os._exit(code)


def _channel() -> IO[str]:
    """Messages to the parent go here; output of a variant, from Python or C, is discarded."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    return channel


class _Job(Job):
    def __init__(self, task: Task, feed: LoadedFeed | None, channel: IO[str]) -> None:
        self.task = task
        self._feed = feed
        self._channel = channel
        self._hand = None if task.hand is None else mmap.mmap(task.hand, mmap.PAGESIZE)
        self.cpu = task.cpu if pin(task.cpu) else None

    @property
    def feed(self) -> LoadedFeed:
        assert self._feed is not None, f"the job {self.task.job} was given no feed"
        return self._feed

    def variants(self) -> list[Contestant]:
        from lobench.engine.foreign.start import warm
        from lobench.variants import discover, resolve

        workload = self.task.workload
        known = discover(workload.files)
        chosen = [resolve(name, known) for name in self.task.variants]
        for variant in dict.fromkeys(chosen):
            self.in_hand(chosen.index(variant))
            warm(variant, workload.until)
        self.in_hand(NOBODY)
        gc.collect()
        values: Sequence[Mapping[str, int] | None] = self.task.tried or [workload.parameters] * len(chosen)
        return [variant.fitted(variant.parameters_of(one)) for variant, one in zip(chosen, values, strict=True)]

    def begin(self) -> None:
        self.tell(Ready())
        turn = from_json(Turn, json.loads(sys.stdin.readline()))
        self.task = replace(self.task, seconds=turn.seconds, settings=turn.settings)

    def tell(self, message: object) -> None:
        self._channel.write(json.dumps(as_json(message)) + "\n")
        self._channel.flush()

    def in_hand(self, place: int) -> None:
        if self._hand is not None:
            self._hand[0] = place + 1


if __name__ == "__main__":
    _end(main())
