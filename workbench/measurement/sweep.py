"""The cost of finding an order against the number at its level: linear search beside a hash table.

One level holds ``value`` orders. Two records follow each other: a new order joins the tail, and one of the earlier
ones, drawn evenly from the whole queue, is cancelled. Every record is evaluated: the whole pipeline is timed, or the
part up to the task's ``until``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import LobenchError
from lobench.engine.policy import Variant
from lobench.engine.records import ADD, ASK, BID, CANCEL, F_LAST, MBO, RTYPE_MBO
from lobench.engine.replay import Replay
from lobench.engine.workload import Workload
from lobench.workbench.measurement.process import cpu_for, messages
from lobench.workbench.measurement.protocol import SweepSamples, SweepSettings
from lobench.workbench.measurement.task import Job, Task
from lobench.workbench.results.model.samples import Sweep

PARAMETER = "orders resting at the level"
NAMES = ("p3_indexed_features", "p4_hash_lookup")
VALUES = (1, 8, 64, 512)
EVENTS = 50_000
COLUMNS = ("value", "process", "pass", "variant", "wall_ns", "cpu_ns")

_PRICE = 5_000_000_000_000
_TICK = 250_000_000
_LEAST_PASSES = 3


def measure(
    *,
    processes: int,
    seconds: float,
    until: str = "strategies",
    seed: int = 1,
    advance: Callable[[float], None] = lambda seconds: None,
) -> Sweep:
    """``sweep`` of the result document: fresh processes of ``seconds`` in all."""
    each = seconds / processes
    rows: list[list[int]] = []
    for number in range(processes):
        task = Task(
            job="sweep",
            variants=list(NAMES),
            workload=Workload(until=until),
            seed=seed * 1000 + number,
            seconds=each,
            cpu=cpu_for(number),
            settings=SweepSettings(values=tuple(VALUES), events=EVENTS),
        )
        for found in messages(task, SweepSamples):
            rows += [[value, number, *row] for value, *row in found.rows]
        advance(each)
    return Sweep(PARAMETER, NAMES, EVENTS, COLUMNS, rows)


def queue_records(resting: int, events: int, seed: int) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
    """Records that fill the level with ``resting`` orders, and ``events`` records (an even number) that keep it at
    that; dtype ``MBO``."""
    rng = np.random.default_rng(seed)
    fill = _blank(resting + 1)
    fill["order_id"] = np.arange(resting + 1)
    fill["side"][0], fill["price"][0] = ASK, _PRICE + _TICK
    steady = _blank(events)
    queue = list(range(1, resting + 1))
    for place, draw in enumerate(rng.integers(0, resting, events // 2).tolist()):
        added = resting + 1 + place
        steady["order_id"][2 * place] = added
        steady["order_id"][2 * place + 1] = queue.pop(draw)
        queue.append(added)
    steady["action"][1::2] = CANCEL
    return fill, steady


def _blank(count: int) -> npt.NDArray[np.void]:
    made = np.zeros(count, MBO)
    made["length"], made["rtype"] = MBO.itemsize // 4, RTYPE_MBO
    made["publisher_id"] = made["instrument_id"] = 1
    made["action"], made["side"], made["flags"] = ADD, BID, F_LAST
    made["price"], made["size"] = _PRICE, 1
    return made


def work(job: Job) -> None:
    """Passes over all values and variants, in random order, until the task's seconds are spent. Raises
    LobenchError where the variants' end states differ."""
    settings = job.settings(SweepSettings)
    # Two of lobench's own variants.
    chosen = [variant for variant in job.variants() if isinstance(variant, Variant)]
    rng = random.Random(job.task.seed)
    feeds = {value: queue_records(value, settings.events, job.task.seed) for value in settings.values}
    pairs = [(value, index) for value in feeds for index in range(len(chosen))]
    states: dict[int, set[tuple[int, int]]] = {value: set() for value in feeds}
    rows: list[list[int]] = []
    number = 0
    began = time.monotonic()
    while number < _LEAST_PASSES or time.monotonic() - began < job.task.seconds:
        for value, index in rng.sample(pairs, len(pairs)):
            wall, cpu, state = _replayed(chosen[index], job.task.workload.until, *feeds[value])
            states[value].add(state)
            if len(states[value]) > 1:
                raise LobenchError(f"with {value} {PARAMETER}, {chosen[index].name} ends in another state")
            rows.append([value, number, index, wall, cpu])
        number += 1
    job.tell(SweepSamples(rows=rows))


def _replayed(
    variant: Variant, until: str, fill: npt.NDArray[np.void], steady: npt.NDArray[np.void]
) -> tuple[int, int, tuple[int, int]]:
    """Wall and CPU time of the steady records, and the end state and trace."""
    with Replay(variant, observe=False, until=until) as replay:
        replay.run(fill.ctypes.data, MBO.itemsize, len(fill))
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        replay.run(steady.ctypes.data, MBO.itemsize, len(steady))
        cpu, wall = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
        return wall, max(cpu, 1), (replay.end_state(), replay.trace)
