"""A process of known composition, for testing profilers: rounds of Python code and of a kernel, each with a light and a
heavy line.

Started like a target (``workbench.profile.target``), and leaves the same files. The heavy line of the kernel does
exactly ``HEAVY`` times the work of the light one; the cost of the Python lines is measured by leaving them out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numba
import numpy as np

from lobench.workbench.commits.counting import START_INSTRUMENTATION, STOP_INSTRUMENTATION, TOGGLE_COLLECT, Valgrind
from lobench.workbench.profile import linetables
from lobench.workbench.profile.task import LONGEST, Task

HEAVY = 4
KERNEL_STEPS = 600_000
PYTHON_STEPS = 40_000
_TRIALS = 15
"""Runs of each part, in turns with the others, to measure its time."""

_SHIFT = np.uint64(29)
_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_TABLE = tuple(range(12))


def kernel_part(light: int, heavy: int) -> int:
    """Two chains of dependent steps that no compiler can shorten."""
    first, second = np.uint64(1), np.uint64(1)
    for _ in range(light):
        first = (first ^ (first >> _SHIFT)) * _FACTOR  # kernel light
    for _ in range(heavy):
        second = (second ^ (second >> _SHIFT)) * _FACTOR  # kernel heavy
    return int(first ^ second)


def python_part(steps: int) -> int:
    """A tight loop, as scalene's and py-spy's users have it."""
    total = 0
    for step in range(steps):
        total += step  # python light
        total ^= sum(_TABLE)  # python heavy
    return total


def _without_light(steps: int) -> int:
    total = 0
    for _ in range(steps):
        total ^= sum(_TABLE)
    return total


def _without_heavy(steps: int) -> int:
    total = 0
    for step in range(steps):
        total += step
    return total


def line_of(mark: str) -> int:
    """Number of the line of this file that carries a mark."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# {mark}"))


class Workload:
    """The parts, compiled, and how long each took so far. ``kernel`` takes the steps of its light and its heavy
    line."""

    def __init__(self, kernel: Callable[[int, int], int]) -> None:
        linetables.install()
        # Compiling is slow under valgrind, so it was done beforehand, in the same folder.
        vars(numba.config)["CACHE_DIR"] = str(Path.cwd() / "kernels")
        self._kernel: Any = numba.njit(nogil=True, cache=True)(kernel)
        self._kernel(1, 1)
        self.wall = {"kernel": 0.0, "python": 0.0}
        self.cpu = {"kernel": 0.0, "python": 0.0}
        self.rounds = 0

    def run_kernel(self) -> int:
        """The kernel's part once."""
        return int(self._kernel(KERNEL_STEPS, HEAVY * KERNEL_STEPS))

    def round(self) -> None:
        """Both parts once."""
        parts: dict[str, Callable[[], int]] = {
            "kernel": self.run_kernel,
            "python": lambda: python_part(PYTHON_STEPS),
        }
        for name, part in parts.items():
            wall, cpu = time.perf_counter(), time.thread_time()
            part()
            self.wall[name] += time.perf_counter() - wall
            self.cpu[name] += time.thread_time() - cpu
        self.rounds += 1

    def truth(self) -> dict[str, list[float]]:
        """Seconds of the whole parts and of each without one of its lines; samples taken in turns."""
        parts: dict[str, Callable[[], int]] = {
            "kernel": self.run_kernel,
            "kernel without light": lambda: int(self._kernel(0, HEAVY * KERNEL_STEPS)),
            "kernel without heavy": lambda: int(self._kernel(KERNEL_STEPS, 0)),
            "python": lambda: python_part(PYTHON_STEPS),
            "python without light": lambda: _without_light(PYTHON_STEPS),
            "python without heavy": lambda: _without_heavy(PYTHON_STEPS),
        }
        taken: dict[str, list[float]] = {name: [] for name in parts}
        for _ in range(_TRIALS):
            for name, part in parts.items():
                began = time.thread_time()
                part()
                taken[name].append(time.thread_time() - began)
        return taken


def shares_of(taken: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Share that each line has of its part: median over the trials, with the middle half of them as ``low`` and
    ``high``."""
    shares = {}
    for part in ("kernel", "python"):
        for line in ("light", "heavy"):
            pairs = zip(taken[part], taken[f"{part} without {line}"], strict=True)
            found = [1 - left / whole for whole, left in pairs]
            low, middle, high = statistics.quantiles(found, n=4)
            shares[f"{part} {line}"] = {"value": middle, "low": low, "high": high}
    return shares


def main(kernel: Callable[[int, int], int] = kernel_part) -> None:
    """Do the task of this folder, with this kernel."""
    from lobench.workbench.profile.target import ready
    from lobench.workbench.profile.telling import Done

    task = Task.read()
    work = Workload(kernel)
    if task.mode == "compile":
        return
    if task.mode == "count":
        _count(work)
        ready("workload", 1, task.mode)
        Done(records=1).write()
        return
    if task.mode == "truth":
        Done(truth=work.truth()).write()
        return
    ready("workload", 1, task.mode)
    stop, end = Path("stop"), time.monotonic() + min(task.seconds, LONGEST)
    with _inside(task.mode):
        while not stop.exists() and time.monotonic() < end:
            work.round()
    Done(records=work.rounds, cpu_seconds=sum(work.cpu.values()), cpu=work.cpu, wall=work.wall).write()


def _count(work: Workload) -> None:
    """The kernel under callgrind, which knows no lines of Python."""
    valgrind = Valgrind()
    valgrind.request(START_INSTRUMENTATION)
    valgrind.request(TOGGLE_COLLECT)
    work.run_kernel()
    valgrind.request(TOGGLE_COLLECT)
    valgrind.request(STOP_INSTRUMENTATION)


def _inside(mode: str) -> AbstractContextManager[Any]:
    """A mode's context around the rounds: a profiler that is started from within."""
    if mode == "scalene":
        from scalene.scalene_profiler import enable_profiling

        started: AbstractContextManager[Any] = enable_profiling()
        return started
    if mode == "memray":
        import memray

        return memray.Tracker("memray.bin", native_traces=True)
    return nullcontext()


if __name__ == "__main__":
    main()
