"""The process that measures: all variants replay one feed in lock-step, slice by slice, in random order within each
slice.

Each variant keeps its own state, so that all samples of a slice are the same work. Reads its task as one JSON object
on stdin, writes one JSON object a line on stdout: how far it is, and after each pass its samples and the end states.
"""

from __future__ import annotations

import gc
import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.feeds import LoadedFeed, load, open_feed
from engine.policy import Variant
from engine.session import Replay, warm
from variants import discover, resolve

COLUMNS = ("pass", "slice", "variant", "order", "wall_ns", "cpu_ns", "involuntary_switches", "page_faults")
"""Of a sample: which pass over the feed, slice and variant (by place in the task's list), the variant's place in the
slice's random order, wall and thread CPU time, and what the kernel counted of the thread meanwhile."""

_TOLD_EVERY = 0.2


@dataclass(frozen=True)
class Task:
    """What one process measures: passes over ``feed`` until ``seconds`` are spent, at least one, at most ``passes``."""

    feed: Sequence[str]
    variants: Sequence[str]
    files: Sequence[str]
    evaluate: str
    slice_records: int
    seconds: float
    passes: int
    seed: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def measure(task: Task) -> None:
    """Carry out a task, telling on stdout."""
    known = discover(task.files)
    chosen = [resolve(name, known) for name in task.variants]
    feed = load(open_feed(task.feed))
    slices = [
        (start, min(start + task.slice_records, feed.count)) for start in range(0, feed.count, task.slice_records)
    ]
    for variant in dict.fromkeys(chosen):
        warm(variant, observe=False)
    order = random.Random(task.seed)
    gc.collect()
    gc.disable()
    began = time.monotonic()
    for number in range(task.passes):
        _tell(_one_pass(number, task, feed, slices, chosen, order, began))
        spent = time.monotonic() - began
        # Another pass only if it is likely to fit.
        if spent + spent / (number + 1) > task.seconds:
            break


def _one_pass(
    number: int,
    task: Task,
    feed: LoadedFeed,
    slices: Sequence[tuple[int, int]],
    chosen: Sequence[Variant],
    order: random.Random,
    began: float,
) -> dict[str, Any]:
    replays = [Replay(variant, evaluate=task.evaluate, observe=False) for variant in chosen]
    samples: list[tuple[int, ...]] = []
    told = time.monotonic()
    try:
        for place, (start, stop) in enumerate(slices):
            chunk = feed.slice(start, stop)
            # The slice's records are in the caches for every variant alike, also for the first.
            feed.records["order_id"][start:stop].sum()
            turns = order.sample(range(len(replays)), len(replays))
            for turn, index in enumerate(turns):
                samples.append((number, place, index, turn, *_timed(replays[index], chunk)))
            if time.monotonic() - told > _TOLD_EVERY:
                told = time.monotonic()
                _tell({"seconds": told - began})
        states = [f"{replay.end_state():016x}" for replay in replays]
    finally:
        for replay in replays:
            replay.close()
    return {"seconds": time.monotonic() - began, "samples": samples, "end_states": states}


def _timed(replay: Replay, chunk: Any) -> tuple[int, int, int, int]:
    before = resource.getrusage(resource.RUSAGE_THREAD)
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    replay.run(chunk.address, chunk.stride, chunk.count)
    cpu, wall = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
    after = resource.getrusage(resource.RUSAGE_THREAD)
    return wall, cpu, after.ru_nivcsw - before.ru_nivcsw, after.ru_minflt - before.ru_minflt


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    measure(Task(**json.load(sys.stdin)))
