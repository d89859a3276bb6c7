"""Stage times without a profiler: the time saved by a replay that stops a stage earlier.

A stage's time is the difference between two kernels, each compiled without the later stages, timed side by side. Each
process gives one time and one share for each stage; the 95 % intervals are Student's t over processes
(``lobench.workbench.statistics.intervals``).
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import numpy as np

from lobench.engine.policy import Variant
from lobench.engine.stages import STAGES
from lobench.workbench.precompile import warm_all
from lobench.workbench.processes.starting import WorkerError, ending, helper
from lobench.workbench.profile.ablating import AblationPass, AblationTask
from lobench.workbench.profile.model.variant import Ablation, StageTime
from lobench.workbench.profile.task import Task
from lobench.workbench.statistics.intervals import estimate
from lobench.workbench.statistics.samples import Floats

PROCESSES = 6
"""Short ones: an interval is made of their differences, and Student's quantile is 2.6 with six, 4.3 with three."""
_SEED = 1


def ablation(variant: Variant, task: Task, seconds: float) -> Ablation:
    """Time the stages of a variant for ``seconds`` seconds in all."""
    warm_all([variant], ["timed"], task.workload, stages=STAGES)
    processes: list[Floats] = []
    events = 0
    for number in range(PROCESSES):
        one = AblationTask(
            variant=task.variant,
            feed=task.feed,
            workload=task.workload,
            records=task.warm + task.records,
            seconds=seconds / PROCESSES,
            seed=_SEED + number,
        )
        passes = _passes(one)
        processes.append(np.array([found.nanoseconds for found in passes], np.float64))
        events = passes[0].events
    return Ablation(processes=len(processes), passes=sum(map(len, processes)), stages=stage_times(processes, events))


def stage_times(processes: Sequence[Floats], events: int) -> tuple[StageTime, ...]:
    """Rows for the stages from times of slices: one array for each process, shape (passes, slices, stages), nanoseconds
    of a replay up to the stage.

    A slice's time is the median of its passes. A process's time for a stage is the difference of its neighbours' sums
    over the slices, its share that time's in the process's whole.
    """
    cumulative = [np.median(passes, axis=0).sum(axis=0) for passes in processes]
    times = np.diff(np.array(cumulative), axis=1, prepend=0.0)
    shares = times / times.sum(axis=1, keepdims=True)
    return tuple(
        StageTime(stage, estimate(times[:, place] / events).interval(), estimate(shares[:, place]).interval())
        for place, stage in enumerate(STAGES)
    )


def _passes(task: AblationTask) -> list[AblationPass]:
    done = subprocess.run(
        **helper("lobench.workbench.profile.ablating"),
        input=task.as_json(),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        said = done.stderr.strip()
        how = f"{task.variant}: the process that times its stages {ending(done.returncode, said)}"
        raise WorkerError(f"{how}: {said[-2000:]}".rstrip(": "))
    return [AblationPass.of(line) for line in done.stdout.splitlines()]
