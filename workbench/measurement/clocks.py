"""Reading clocks and counters around a stretch of work, cheaply enough not to disturb it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from types import TracebackType

from lobench.workbench.measurement.contamination import Reading
from lobench.workbench.measurement.hardware import HardwareCounters

_STEAL = 8
"""Place of the steal ticks in a line of /proc/stat."""


def pin(cpu: int | None) -> bool:
    """Keep this process on one CPU, where the system can; returns whether it does."""
    if cpu is None or not hasattr(os, "sched_setaffinity"):
        return False
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        return False
    return True


def usable_cpus() -> list[int]:
    """CPUs that this process may run on; empty where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class Clocks:
    """The clocks of this process. ``cpu``: whose steal ticks are read; None for all CPUs together. ``counted``: of the
    last timed work, in the order of ``hardware.names``."""

    def __init__(self, cpu: int | None) -> None:
        self.hardware = HardwareCounters()
        self.counted: list[float] = []
        self._name = b"cpu " if cpu is None else b"cpu%d " % cpu
        try:
            self._stat = os.open("/proc/stat", os.O_RDONLY)
        except OSError:
            self._stat = -1

    def measure(self, lead_in: Callable[[], None], work: Callable[[], None], owed: Callable[[], int]) -> Reading:
        """Do ``lead_in`` untimed, then ``work`` timed. ``owed`` returns nanoseconds that belong to the work, too.

        CPU time is that of all threads of the process: work handed to another thread is not free.
        """
        steal = self.steal_ticks()
        lead_in()
        counts = self.hardware.read()
        before = resource.getrusage(resource.RUSAGE_THREAD)
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        work()
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        after = resource.getrusage(resource.RUSAGE_THREAD)
        self.counted = [later - earlier for earlier, later in zip(counts, self.hardware.read(), strict=True)]
        more = owed()
        return Reading(
            wall_ns=wall + more,
            cpu_ns=cpu + more,
            involuntary_switches=after.ru_nivcsw - before.ru_nivcsw,
            minor_faults=after.ru_minflt - before.ru_minflt,
            major_faults=after.ru_majflt - before.ru_majflt,
            steal_ticks=self.steal_ticks() - steal,
        )

    def steal_ticks(self) -> int:
        """Those of the hypervisor so far; 0 where the system does not tell."""
        if self._stat < 0:
            return 0
        for line in os.pread(self._stat, 4096, 0).splitlines(keepends=True):
            if line.startswith(self._name):
                fields = line.split()
                return int(fields[_STEAL]) if len(fields) > _STEAL else 0
        return 0

    def __enter__(self) -> Clocks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hardware.close()
        if self._stat >= 0:
            os.close(self._stat)
            self._stat = -1
