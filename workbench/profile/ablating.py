"""The process that times a variant stage by stage: replays that stop after each stage, side by side, slice by slice,
in balanced random order.

Reads its task as one JSON object on stdin; writes one JSON object a line on stdout, a pass each (``AblationPass``).
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lobench.engine.feeds import LoadedFeed, open_feed
from lobench.engine.foreign.start import start_replay
from lobench.engine.policy import Variant
from lobench.engine.replay import warm
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.variants import resolve_compiled
from lobench.workbench.measurement.turn_order import orders
from lobench.workbench.profile.beginning import beginning
from lobench.workbench.profile.task import SLICE


@dataclass(frozen=True)
class AblationTask:
    """Passes over the first ``records`` records until ``seconds`` are spent, at least one."""

    variant: str
    feed: list[str]
    workload: Workload
    records: int
    seconds: float
    seed: int

    def as_json(self) -> str:
        return json.dumps({**vars(self), "workload": self.workload.as_json()})

    @classmethod
    def of(cls, text: str) -> AblationTask:
        """The inverse of ``as_json``."""
        values = json.loads(text)
        return cls(**{**values, "workload": Workload.of(values["workload"])})


@dataclass(frozen=True)
class AblationPass:
    """A pass over ``events``: CPU ``nanoseconds`` of its slices, each with one number for each stage of ``STAGES``."""

    events: int
    nanoseconds: list[list[int]]

    def as_json(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def of(cls, text: str) -> AblationPass:
        """The inverse of ``as_json``."""
        return cls(**json.loads(text))


def ablate(task: AblationTask) -> None:
    """Carry out a task, telling on stdout."""
    variant = resolve_compiled(task.variant, task.workload.files)
    variant = variant.fitted(variant.parameters_of(task.workload.parameters))
    feed = beginning(open_feed(task.feed), task.records)
    for stage in STAGES:
        warm(variant, observe=False, until=stage)
    workload = replace(task.workload, orders=feed.most_orders, instruments=feed.instruments)
    turns = orders(len(STAGES), random.Random(task.seed))
    gc.collect()
    gc.disable()
    end = time.monotonic() + task.seconds
    while True:
        times = _pass(variant, feed, workload, turns)
        print(AblationPass(feed.count, times).as_json(), flush=True)
        if time.monotonic() > end:
            return


def _pass(variant: Variant, feed: LoadedFeed, workload: Workload, turns: Iterator[list[int]]) -> list[list[int]]:
    replays: list[Any] = []
    try:
        replays += [start_replay(variant, replace(workload, until=stage)) for stage in STAGES]
        return timed(replays, feed, turns)
    finally:
        for replay in replays:
            replay.close()


def timed(replays: Sequence[Any], feed: LoadedFeed, turns: Iterator[list[int]]) -> list[list[int]]:
    """CPU nanoseconds of each slice by each replay, which take their turns in the next orders of ``turns``."""
    found = []
    for start in range(0, feed.count, SLICE):
        chunk = feed.slice(start, min(start + SLICE, feed.count))
        # Bring the slice's records into the caches for every stage alike, including the first.
        feed.records["order_id"][start : start + chunk.count].sum()
        spent = [0] * len(replays)
        for index in next(turns):
            began = time.thread_time_ns()
            replays[index].run(chunk.address, chunk.stride, chunk.count)
            spent[index] = time.thread_time_ns() - began
        found.append(spent)
    return found


if __name__ == "__main__":
    ablate(AblationTask.of(sys.stdin.read()))
