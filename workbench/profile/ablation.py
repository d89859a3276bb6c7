"""Stage times without a profiler: what a replay saves when it stops a stage earlier.

A stage's time is the difference between two kernels, each compiled without the later stages, timed side by side. 95 %
intervals come from a bootstrap that resamples processes, then passes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import LobenchError
from engine.policy import STAGES, Variant
from workbench.profile.ablating import AblationTask
from workbench.profile.task import Task
from workbench.warming import warm_all

PROCESSES = 3
_RESAMPLES = 2000
_SEED = 1


def ablation(variant: Variant, task: Task, seconds: float) -> dict[str, Any]:
    """Time the stages of a variant for so many seconds in all.

    Returns ``passes`` over the records, and for each stage ``nanoseconds`` per event and ``share``, each with
    ``value``, ``low``, ``high``.
    """
    for stage in STAGES:
        warm_all([variant], ["timed"], task.files, until=stage)
    processes: list[npt.NDArray[np.float64]] = []
    events = 0
    for number in range(PROCESSES):
        one = AblationTask(
            variant=task.variant,
            feed=task.feed,
            files=task.files,
            evaluate=task.evaluate,
            records=task.warm + task.records,
            seconds=seconds / PROCESSES,
            seed=_SEED + number,
            parameters=task.parameters,
        )
        passes = _passes(one)
        processes.append(np.array([found["nanoseconds"] for found in passes], np.float64))
        events = passes[0]["events"]
    return {"kind": "ablation", "passes": sum(map(len, processes)), "stages": stage_times(processes, events)}


def stage_times(processes: Sequence[npt.NDArray[np.float64]], events: int) -> list[dict[str, Any]]:
    """Rows for the stages from times of passes: one array for each process, shape (passes, stages), cumulative
    nanoseconds."""
    rng = np.random.default_rng(_SEED)
    point = _times(processes)
    draws = np.empty((_RESAMPLES, point.size))
    for draw in range(_RESAMPLES):
        chosen = [processes[i] for i in rng.integers(len(processes), size=len(processes))]
        draws[draw] = _times([passes[rng.integers(len(passes), size=len(passes))] for passes in chosen])
    return [
        {
            "stage": stage,
            "nanoseconds": _interval(point[place] / events, draws[:, place] / events),
            "share": _interval(point[place] / point.sum(), draws[:, place] / draws.sum(axis=1)),
        }
        for place, stage in enumerate(STAGES)
    ]


def _times(processes: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Time of each stage alone: median pass of each process, their mean, differences of neighbours."""
    whole: npt.NDArray[np.float64] = np.mean([np.median(passes, axis=0) for passes in processes], axis=0)
    return np.diff(whole, prepend=0.0)


def _interval(value: float, draws: npt.NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"value": float(value), "low": float(low), "high": float(high)}


def _passes(task: AblationTask) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "workbench.profile.ablating"],
        input=task.as_json(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LobenchError(
            f"{task.variant}: timing its stages ended with code {done.returncode}: {done.stderr.strip()[-2000:]}"
        )
    return [json.loads(line) for line in done.stdout.splitlines()]
