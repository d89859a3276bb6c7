"""Sets of parameters side by side: the same kernel in fresh processes, in lock-step, once with each set."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.engine.parameters import LayoutParameters
from lobench.engine.workload import Workload
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.design import LEAD_IN_RECORDS, SLICE_RECORDS, equal_slices, slices
from lobench.workbench.measurement.process import cpu_for, messages
from lobench.workbench.measurement.protocol import SessionMessage, SessionSettings
from lobench.workbench.measurement.session import SESSION_COLUMNS
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Task
from lobench.workbench.results.model.samples import Samples
from lobench.workbench.statistics.intervals import Estimate, estimate
from lobench.workbench.statistics.samples import Floats, columns, timings

STARTUP = 2.0
"""Seconds before a process measures."""
_MOST_PASSES = 200


@dataclass(frozen=True)
class Halves:
    """A feed cut in equal slices, ``split`` of them in its first half, so that no slice belongs to both."""

    slice_records: int
    split: int

    @classmethod
    def of(cls, events: int) -> Halves:
        half = -(-events // 2)
        size = equal_slices(half, SLICE_RECORDS)
        return cls(size, -(-half // size))

    @property
    def lead_in(self) -> int:
        return min(LEAD_IN_RECORDS, self.slice_records // 2)

    def records(self, half: str, events: int) -> tuple[int, int]:
        """First record of a half and the one after its last."""
        border = self.split * self.slice_records
        return (0, border) if half == "first" else (border, events)


@dataclass
class Trial:
    """Sets of parameters measured on ``feed``; ``rows`` are samples as a session has them (``SESSION_COLUMNS``)."""

    feed: SharedFeed
    halves: Halves
    tried: Sequence[LayoutParameters]
    rows: list[list[int]] = field(default_factory=list)

    def logs(self, half: str | None = None) -> Floats:
        """log of CPU ns an event, shape (processes, sets), over all slices or those of one half, ``first`` or
        ``second``. Every slice counts: growing a table is part of the price."""
        cut = slices(self.feed.count, self.halves.slice_records, self.halves.lead_in)
        events = np.array([part.stop - part.timed for part in cut], dtype=np.float64)
        table = columns(Samples(SESSION_COLUMNS, self.rows))
        first = self.halves.split if half == "second" else 0
        last = self.halves.split if half == "first" else len(cut)
        kept = (table.slice >= first) & (table.slice < last)
        table = table.where(kept, slice=table.slice[kept] - first)
        names = [str(number) for number in range(len(self.tried))]
        found = timings(table, names, events[first:last])
        return np.array([process.log_times for process in found.processes])

    def gain(self, over: int, of: int, half: str | None = None) -> Estimate:
        """How many times as fast set ``of`` is as set ``over``, on the log scale; of two processes at least."""
        logs = self.logs(half)
        return estimate(logs[:, over] - logs[:, of])


def measure(
    trial: Trial,
    variant: str,
    *,
    workload: Workload,
    processes: int,
    seconds: float,
    seed: int,
    advance: Callable[[float], None],
) -> None:
    """Fill a trial: this many fresh processes, ``seconds`` in all, at least one pass each. ``advance`` receives the
    seconds spent. Raises LobenchError if a set ends in another state than the first one."""
    left = seconds
    pinned = len(usable_cpus()) > 0
    held = 0
    for number in range(processes):
        began = time.monotonic()
        task = Task(
            job="session",
            variants=[variant] * len(trial.tried),
            workload=workload,
            seed=seed * 1000 + number,
            seconds=left / (processes - number),
            cpu=cpu_for(number) if pinned else None,
            settings=SessionSettings(
                slice_records=trial.halves.slice_records,
                lead_in_records=trial.halves.lead_in,
                passes=_MOST_PASSES,
                held=held,
            ),
            tried=[parameters.as_json() for parameters in trial.tried],
        )
        for message in messages(task, SessionMessage, trial.feed, advance):
            if message.made is not None:
                held = max(held, message.made.held)
                _compare(trial.tried, message.made.end_states)
                trial.rows += [[number, *sample] for sample in message.made.samples]
        left -= time.monotonic() - began


def _compare(tried: Sequence[LayoutParameters], states: Sequence[str]) -> None:
    for parameters, state in zip(tried, states, strict=True):
        if state != states[0]:
            raise LobenchError(
                f"a replay with {parameters} ends in another state than one with {tried[0]}: a defect of the engine; "
                "nothing was written"
            )
