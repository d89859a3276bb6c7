"""The process that measures: one job, asked for as a JSON object on stdin, answered by one JSON object a line on
stdout.

Started by ``workbench.measurement.process``. What a variant's file prints is no answer: it goes to stderr.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
from typing import IO, Any

from engine.errors import LobenchError
from engine.feeds import LoadedFeed
from engine.packed.parameters import Parameters
from engine.policy import Variant
from workbench.measurement.clocks import pin
from workbench.measurement.handover import receive
from workbench.measurement.task import JOBS, Job, Task


def main() -> int:
    """Do the job on stdin; returns the exit code, 1 with a line on stderr for an error that the user can mend."""
    # An interrupt is for the parent, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = Task(**json.load(sys.stdin))
    module = importlib.import_module(JOBS[task.job])
    feed = None
    if task.descriptor is not None:
        feed = receive(task.descriptor, task.feed, task.count)
    job = _Job(task, feed, answers)
    gc.collect()
    gc.disable()
    try:
        module.work(job)
    except LobenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class _Job(Job):
    def __init__(self, task: Task, feed: LoadedFeed | None, answers: IO[str]) -> None:
        self.task = task
        self._feed, self._answers = feed, answers
        self.cpu = task.cpu if pin(task.cpu) else None

    @property
    def feed(self) -> LoadedFeed:
        assert self._feed is not None, f"the job {self.task.job} was given no feed"
        return self._feed

    def variants(self) -> list[Variant]:
        from engine.session import warm
        from variants import discover, resolve

        known = discover(self.task.files)
        chosen = [resolve(name, known) for name in self.task.variants]
        for variant in dict.fromkeys(chosen):
            warm(variant, observe=False, until=self.task.until)
        gc.collect()
        if self.task.parameters:
            fitted = [Parameters.of(values) for values in self.task.parameters]
            chosen = [variant.fitted(parameters) for variant, parameters in zip(chosen, fitted, strict=True)]
        return chosen

    def tell(self, message: dict[str, Any]) -> None:
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()


if __name__ == "__main__":
    raise SystemExit(main())
