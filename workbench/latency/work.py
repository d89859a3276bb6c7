"""One variant's latency, measured in a separate process.

Each figure comes from several passes over the feed, with the median for every event: the engine's own cost of an event
recurs in every pass, while other activity of the machine hits different events in each. At the end of each pass, and in
one that stops at random records, an engine is queried, as in a session: one that does its work only then is refused.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import starmap
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import Chunk
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant, Running, start_replay
from lobench.engine.native_call import PythonCall
from lobench.engine.own_thread import Company
from lobench.engine.replay import SLICE
from lobench.workbench.latency.arrivals import arrivals_of
from lobench.workbench.latency.asked import Asked
from lobench.workbench.latency.histograms import distribution
from lobench.workbench.latency.protocol import LatencyMessage, Measured
from lobench.workbench.latency.queueing import BOUNDED, Times, confirmed, largest, lindley, quantile
from lobench.workbench.latency.serving import Served, python_reading_ns, serve
from lobench.workbench.latency.stopping import stopped
from lobench.workbench.latency.ticks import timed_clock
from lobench.workbench.measurement.design import Slice
from lobench.workbench.measurement.prefault import taken, touch
from lobench.workbench.measurement.questions import Examiner, Lateness, draw
from lobench.workbench.measurement.task import Job
from lobench.workbench.results.model.latency import BlockCost, Distribution, Load, VariantLatency

_TOLERANCE: Final = {False: 0.001, True: 0.05}
"""To which the largest speed is searched: where one set of service times says it for all speeds, and where every try
is measured."""
_TRIES: Final = {False: 1, True: 3}
"""How many times in a row a speed must break the bound to count as too fast, in the same two cases."""
_KEPT: Final = 20_000
"""Blocks of a size that a pass keeps."""
_TOLD_EVERY: Final = 0.5


def work(job: Job) -> None:
    """Measure the task's one variant. Settings: ``Asked``."""
    bench = _Bench(job)
    latency = bench.measured()
    found = Measured(
        latency=latency,
        hertz=bench.clock.hertz,
        plain=bench.plain,
        probed=tuple(bench.probed),
        stopped=tuple(bench.stopped),
    )
    job.tell(LatencyMessage(found=found))


def block_of(contestant: Contestant, asked: Asked) -> int:
    """Records that a contestant is handed at a time at most; a variant never more than it was made for."""
    if asked.block is None:
        return contestant.block
    return asked.block if isinstance(contestant, ForeignEngine) else min(asked.block, contestant.block)


class _Bench:
    def __init__(self, job: Job) -> None:
        self._job, self._told = job, time.monotonic()
        self._asked = job.settings(Asked)
        (self._variant,) = job.variants()
        self._most = block_of(self._variant, self._asked)
        self._arrivals = arrivals_of(job.feed.name, job.feed.records)
        opening = self._arrivals.opening
        self._before, self._queued = job.feed.slice(0, opening), job.feed.slice(opening, job.feed.count)
        self.clock = timed_clock()
        self._reading = self.clock.reading_ns
        self._costs: dict[int, list[Times]] = {}
        self._blocks: Counter[int] = Counter()
        """By n, the number of calls with 2^n records up to the next power; ``_costs`` keeps a sample of them."""
        self._company = Company.now()
        self._examiner = Examiner(job.task.traced)
        self._lateness = Lateness()
        everything = Slice(0, 0, job.feed.count)
        (self._question,) = draw(job.feed, [everything], random.Random(job.task.seed))
        self.plain = ""
        """The final answers of an undisturbed replay."""
        self.probed: list[str] = []
        """The same of all others."""
        self.stopped: list[str] = []
        """The answers at random records."""

    def measured(self) -> VariantLatency:
        self._stop()
        replay = float(np.median([self._plain() for _ in range(self._asked.passes)]))
        services = self._services() if self._most == 1 else None
        holds: dict[float, bool] = {}

        def within(speed: float) -> bool:
            return quantile(responses(speed)[0], BOUNDED) <= self._asked.bound

        def responses(speed: float) -> tuple[Times, float, int]:
            return self._served_at(speed) if services is None else self._recursed(services, speed)

        def load(speed: float) -> Load:
            times, busy, blocks = responses(speed)
            holds[speed] = quantile(times, BOUNDED) <= self._asked.bound
            response = distribution(times)
            assert response is not None, "a feed has an event that queues"
            return Load(speed, busy * speed / max(self._arrivals.span, 1.0), blocks, response)

        loads = tuple(map(load, self._asked.speeds))
        again = confirmed(within, _TRIES[services is None])
        known = {speed: held or again(speed) for speed, held in holds.items()}
        bounded = largest(again, known, _TOLERANCE[services is None])
        return VariantLatency(
            variant=self._job.task.variants[0],
            block=self._most,
            passes=self._asked.passes,
            replay=replay,
            probe=self._reading,
            service=None if services is None else distribution(services),
            actions={} if services is None else self._by_action(services),
            costs=tuple(starmap(self._cost, sorted(self._costs.items()))),
            loads=loads,
            largest=bounded,
        )

    def _plain(self) -> float:
        """Nanoseconds of an event in a replay as a session times it."""
        with self._started() as replay:
            began = time.perf_counter_ns()
            for start in range(0, self._queued.count, SLICE):
                part = self._part(start, min(start + SLICE, self._queued.count))
                replay.run(part.address, part.stride, part.count)
                self._alive()
            spent = time.perf_counter_ns() - began
            self.plain = self._answer(replay, spent)
        return spent / self._queued.count

    def _services(self) -> Times:
        """The service time of each single event."""
        served = [self._pass(self._arrivals.times).services for _ in range(self._asked.passes)]
        return _median(served)

    def _recursed(self, services: Times, speed: float) -> tuple[Times, float, int]:
        """Response times of events that come ``speed`` times as fast, of these service times; the time that serving
        takes in all, and the number of calls."""
        found = np.zeros(len(services))
        lindley(services, self._arrivals.times, speed, found)
        return found, float(services.sum()), len(services)

    def _served_at(self, speed: float) -> tuple[Times, float, int]:
        """The same of blocks as they form at this speed, medians of the passes."""
        arrivals = self._arrivals.times / speed
        served = [self._pass(arrivals) for _ in range(self._asked.passes)]
        for one in served:
            self._note_costs(one)
        busy = float(np.median([one.services.sum() for one in served]))
        blocks = int(np.median([np.count_nonzero(one.sizes) for one in served]))
        return _median([one.responses for one in served]), busy, blocks

    def _pass(self, arrivals: Times) -> Served:
        with self._started() as replay:
            call = replay.call(self._queued)
            if isinstance(call, PythonCall):
                self._reading = python_reading_ns()
            served = serve(call, self._queued, arrivals, self._most, self.clock.tick_ns, self._alive)
            self.probed.append(self._answer(replay, float(served.services.sum())))
        return served

    def _started(self) -> Running:
        """A replay that has taken the records before the queue."""
        self._job.in_hand(0)
        touch(taken())
        replay = start_replay(self._variant, self._job.task.workload)
        replay.run(self._before.address, self._before.stride, self._before.count)
        return replay

    def _part(self, start: int, stop: int) -> Chunk:
        return self._job.feed.slice(self._arrivals.opening + start, self._arrivals.opening + stop)

    def _stop(self) -> None:
        """Replay once and ask at random records."""
        with self._started() as replay:

            def hand(start: int, stop: int) -> float:
                part = self._job.feed.slice(start, stop)
                at_once = np.zeros(part.count)
                call = replay.call(part)
                served = serve(call, part, at_once, self._most, self.clock.tick_ns, self._alive)
                return float(served.services.sum())

            opening, seed = self._arrivals.opening, self._job.task.seed
            self.stopped, late = stopped(self._job.feed, opening, replay, hand, self._examiner, seed)
        self._refuse(late)

    def _answer(self, replay: Running, spent: float) -> str:
        """A replay's final answers, after a pass of ``spent`` ns."""
        left = self._company.left()
        if left is not None:
            raise LobenchError(f"it {left}")
        owed, answer = self._examiner.ask(replay, self._question)
        self._refuse(self._lateness.judged(owed, spent + owed))
        return answer

    def _refuse(self, late: str | None) -> None:
        if late:
            raise LobenchError(f"it {late}")

    def _note_costs(self, served: Served) -> None:
        """Count blocks by size, rounded up to powers of two, and keep the time per record of some."""
        sizes, services = served.sizes[served.sizes > 0], served.services[served.sizes > 0]
        classes = np.frexp(sizes.astype(np.float64))[1] - 1
        for number in np.unique(classes).tolist():
            each = (services / sizes)[classes == number]
            self._blocks[number] += len(each)
            self._costs.setdefault(number, []).append(each[:: max(1, len(each) // _KEPT)])

    def _cost(self, number: int, found: list[Times]) -> BlockCost:
        each = float(np.median(np.concatenate(found)))
        return BlockCost(1 << number, (2 << number) - 1, self._blocks[number], each)

    def _by_action(self, services: Times) -> dict[str, Distribution]:
        actions: npt.NDArray[np.uint8] = self._job.feed.records["action"][self._arrivals.opening :]
        found = {chr(code): distribution(services[actions == code]) for code in np.unique(actions).tolist()}
        return {action: times for action, times in found.items() if times is not None}

    def _alive(self) -> None:
        now = time.monotonic()
        if now - self._told > _TOLD_EVERY:
            self._told = now
            self._job.tell(LatencyMessage(seconds=now))


def _median(passes: list[Times]) -> Times:
    """Of each event, over passes."""
    middle: Times = passes[0] if len(passes) == 1 else np.median(np.stack(passes), axis=0)
    return middle
