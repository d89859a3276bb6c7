"""A job of a worker process: rounds in which each subject takes its turn, with a check of agreement before and after.

The subjects of a round draw its order, so that each follows each other one equally often (``turn_order``).
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from lobench.engine.errors import LobenchError
from lobench.workbench.contest.bench import Bench, is_disturbed
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.contest.protocol import RoundsMessage, RoundsSettings
from lobench.workbench.measurement.task import NOBODY, Job
from lobench.workbench.measurement.turn_order import orders
from lobench.workbench.results.model.samples import Rows

_TOLD_EVERY = 0.25
"""Least seconds between two messages: their receiver works beside the timed code."""
_SENT_EVERY = 2.0
"""Seconds after which whole rounds are handed over, so that an interrupt loses no more."""


def work(job: Job) -> None:
    """Rounds until the task's seconds are spent, at least one."""
    _Rounds(job).run()


class _Rounds:
    def __init__(self, job: Job) -> None:
        task, settings = job.task, job.settings(RoundsSettings)
        self._job, self._settings = job, settings
        self._began = self._told = time.monotonic()
        self._asked = settings.asked
        self._subjects = list(dict.fromkeys(task.variants))
        """Names, each once; ``_columns``: the name of each column of samples."""
        self._columns = [self._subjects.index(name) for name in task.variants]
        places = [self._asked.names.index(name) for name in self._subjects]
        self._bench: Bench = bench_of(self._asked, places, task.seed, settings.variables)

    def run(self) -> None:
        job, settings = self._job, self._settings
        refused = self._agreed()
        self._bench.settle(settings.cpu)
        rng = random.Random(job.task.seed)
        turns = orders(len(self._columns), rng)
        rows: Rows = []
        sent = time.monotonic()
        for number in range(settings.passes):
            started, seed = time.monotonic(), rng.randrange(1 << 30)
            for turn, column in enumerate(next(turns)):
                job.in_hand(column)
                reading = self._bench.sample(self._columns[column], seed, settings.lead_in, settings.calls)
                disturbed = int(is_disturbed(reading, self._asked.clock))
                rows.append([number, 0, column, turn, *reading, disturbed])
                self._alive()
            now = time.monotonic()
            if now - sent > _SENT_EVERY:
                self._tell(rows)
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
        self._tell(rows, refused)

    def _agreed(self) -> dict[str, str]:
        """Subjects that behave differently from the first, and why. Raises LobenchError if that is the first."""

        def at(place: int) -> None:
            self._job.in_hand(self._columns.index(place))
            self._alive()

        outcomes = self._bench.agree(at)
        if outcomes[0].reason:
            self._job.in_hand(0)
            raise LobenchError(outcomes[0].reason)
        named = zip(self._subjects, outcomes, strict=True)
        return {name: outcome.reason for name, outcome in named if outcome.reason}

    def _alive(self) -> None:
        """Now and then a sign of life."""
        if time.monotonic() - self._told > _TOLD_EVERY:
            self._tell()

    def _tell(self, samples: Rows | None = None, refused: Mapping[str, str] | None = None) -> None:
        self._told = time.monotonic()
        seconds = self._told - self._began
        self._job.tell(RoundsMessage(seconds=seconds, samples=samples, refused=refused or {}))
