"""A job of a worker process: rounds in which each subject takes its turn, with a check of agreement before and after.

The subjects of a round draw its order, so that each follows each other one equally often (``turn_order``).
"""

from __future__ import annotations

import random
import time
from typing import Any

from lobench.engine.errors import LobenchError
from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Bench, is_disturbed
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.measurement.task import NOBODY, Job
from lobench.workbench.measurement.turn_order import orders

_TOLD_EVERY = 0.25
"""Least seconds between two messages: their receiver works beside the timed code."""
_SENT_EVERY = 2.0
"""Seconds after which whole rounds are handed over, so that an interrupt loses no more."""


def work(job: Job) -> None:
    """Rounds until the task's seconds are spent, at least one. Settings: asked, variables, calls, lead_in, passes (most
    rounds), cpu (the CPU to stay on, if that suits the callables)."""
    _Rounds(job).run()


class _Rounds:
    def __init__(self, job: Job) -> None:
        task, settings = job.task, job.task.settings
        self._job = job
        self._began = self._told = time.monotonic()
        self._asked = Asked.of(settings["asked"])
        self._subjects = list(dict.fromkeys(task.variants))
        """Names, each once; ``_columns``: the name of each column of samples."""
        self._columns = [self._subjects.index(name) for name in task.variants]
        places = [self._asked.names.index(name) for name in self._subjects]
        self._bench: Bench = bench_of(self._asked, places, task.seed, settings["variables"])

    def run(self) -> None:
        job, settings = self._job, self._job.task.settings
        refused = self._agreed()
        self._bench.settle(settings["cpu"])
        rng = random.Random(job.task.seed)
        turns = orders(len(self._columns), rng)
        rows: list[tuple[int, ...]] = []
        sent = time.monotonic()
        for number in range(settings["passes"]):
            started, seed = time.monotonic(), rng.randrange(1 << 30)
            for turn, column in enumerate(next(turns)):
                job.in_hand(column)
                reading = self._bench.sample(self._columns[column], seed, settings["lead_in"], settings["calls"])
                disturbed = int(is_disturbed(reading, self._asked.clock))
                rows.append((number, 0, column, turn, *reading, disturbed))
                self._tell()
            now = time.monotonic()
            if now - sent > _SENT_EVERY:
                self._tell({"samples": rows, "refused": {}})
                rows, sent = [], now
            if now - self._began + (now - started) > job.task.seconds:
                break
        refused |= self._agreed()
        found = self._bench.found()
        if 0 in found:
            job.in_hand(0)
            raise LobenchError(found[0])
        job.in_hand(NOBODY)
        refused |= {self._subjects[place]: said for place, said in found.items()}
        self._tell({"samples": rows, "refused": refused})

    def _agreed(self) -> dict[str, str]:
        """Subjects that behave differently from the first, and why. Raises LobenchError if that is the first."""

        def at(place: int) -> None:
            self._job.in_hand(self._columns.index(place))
            self._tell()

        outcomes = self._bench.agree(at)
        if outcomes[0].reason:
            self._job.in_hand(0)
            raise LobenchError(outcomes[0].reason)
        named = zip(self._subjects, outcomes, strict=True)
        return {name: outcome.reason for name, outcome in named if outcome.reason}

    def _tell(self, message: dict[str, Any] | None = None) -> None:
        """Send the parent a message, or now and then a sign of life."""
        now = time.monotonic()
        if message or now - self._told > _TOLD_EVERY:
            self._told = now
            self._job.tell({"seconds": now - self._began, **(message or {})})
