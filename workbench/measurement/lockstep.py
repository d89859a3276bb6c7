"""The worker's part of a session: passes of all variants in lock-step, and one pass of each alone.

In lock-step all variants replay one slice, each with its own state, before any goes on to the next: a pair of samples
is the same work, done at nearly the same time. An isolated pass replays the same slices with the same lead-ins, but one
variant from start to end before the next begins; the ratio of the two is the cost of lock-step for a variant.

Each process uses a new layout of each variant's machine code (``layouts``), so that the effect of a layout is part of
the differences between processes.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.start import Contestant, Running, start_replay
from lobench.engine.own_thread import Company
from lobench.engine.policy import Variant
from lobench.workbench.measurement.clocks import Clocks
from lobench.workbench.measurement.contamination import Reading, is_contaminated
from lobench.workbench.measurement.design import Slice, slices
from lobench.workbench.measurement.layouts import Kernel, LaidOutReplay, drawn
from lobench.workbench.measurement.padding import padding
from lobench.workbench.measurement.prefault import taken, touch
from lobench.workbench.measurement.protocol import Pass, SessionMessage, SessionSettings
from lobench.workbench.measurement.questions import Examiner, Question, draw
from lobench.workbench.measurement.task import Job
from lobench.workbench.measurement.turn_order import orders
from lobench.workbench.results.model.samples import Rows

COLUMNS = ("pass", "slice", "variant", "order", *Reading._fields, "contaminated")
"""Of a sample: which pass (of its kind), slice and variant (by place in the task's list), the variant's place in the
order of its slice (isolated: of its pass), the reading, and whether it is flagged."""

LOCKSTEP, ISOLATED = "lockstep", "isolated"

_TOLD_EVERY = 0.2
_READ_RECORDS = 1 << 20
_PAGE_RECORDS = 73
"""Records of 56 bytes in a page of memory."""


def work(job: Job) -> None:
    """Make passes until the task's seconds are spent: one of each kind, then more in lock-step while another is likely
    to fit."""
    variants = job.variants()
    kernels = drawn(variants, job.task.workload.until, job.task.seed)
    # Until here other processes may do the same at once; from here on one measures alone.
    job.begin()
    began = time.monotonic()
    task, settings = job.task, job.settings(SessionSettings)
    parts = slices(job.feed.count, settings.slice_records, settings.lead_in_records)
    if settings.witness:
        _, states = Bench(job, variants, parts, began, task.seed, kernels).isolated(0)
        job.tell(SessionMessage(seconds=time.monotonic() - began, witnessed=states))
        variants, kernels = variants[:-1], kernels[:-1]
    bench = Bench(job, variants, parts, began, task.seed, kernels)
    done = {LOCKSTEP: 0, ISOLATED: 0}
    for number, kind in enumerate(_kinds(settings.isolated)):
        if done[LOCKSTEP] >= settings.passes:
            break
        started = time.monotonic()
        touch(max(settings.held, taken()))
        samples, states = bench.lockstep(done[kind]) if kind == LOCKSTEP else bench.isolated(done[kind])
        done[kind] += 1
        now = time.monotonic()
        made = Pass(
            kind=kind,
            samples=samples,
            end_states=states,
            owed_ns=tuple(bench.owed),
            floor_ns=bench.floor,
            held=taken(),
            laid_out=tuple(kernel is not None for kernel in kernels),
            hardware=tuple(bench.hardware) if kind == LOCKSTEP else (),
        )
        job.tell(SessionMessage(seconds=now - began, made=made))
        needed = number == 0 and settings.isolated != "none"
        if not needed and now - began + (now - started) > task.seconds:
            break


def _kinds(isolated: str) -> Iterator[str]:
    first = {"none": [], "first": [ISOLATED], "second": [LOCKSTEP, ISOLATED]}[isolated]
    return chain(first, repeat(LOCKSTEP))


class Bench:
    """The shared state of a worker's passes. ``kernels``: each variant's kernel in a layout of its own, or None for the
    code as built."""

    def __init__(
        self,
        job: Job,
        variants: Sequence[Contestant],
        parts: Sequence[Slice],
        began: float,
        seed: int | str,
        kernels: Sequence[Kernel | None],
    ) -> None:
        task = job.task
        self._job = job
        self._began = began
        self._told = began
        self._variants = variants
        self._kernels = kernels
        self._feed: LoadedFeed = job.feed
        self._slices = parts
        self._random = random.Random(seed)
        self._orders = orders(len(self._variants), self._random)
        self._clocks = Clocks(job.cpu)
        self._padding: list[bytes] = []
        self._examiner = Examiner(task.traced)
        self._questions: list[Question] = []
        self._answers: list[list[str]] = []
        self._company = Company.now()
        self.floor = reading_ns(job.feed)
        """Nanoseconds that reading a record takes at least."""
        self.owed: list[int] = []
        """Nanoseconds that answers of the pass owed, by variant; they are part of its samples."""
        self.hardware: list[dict[str, float]] = []
        """What the processor counted while the pass was timed, by variant, with the number of ``events``; empty if it
        counts nothing."""

    def lockstep(self, number: int) -> tuple[Rows, tuple[str, ...]]:
        """Samples of one pass, and each variant's end state."""
        samples: Rows = []
        self._begin()
        # Large pages may run out, so no variant should always be the last to ask for memory.
        turns = self._random.sample(range(len(self._variants)), len(self._variants))
        made = {index: self._replay(index) for index in turns}
        replays = [made[index] for index in range(len(made))]
        try:
            for place, part in enumerate(self._slices):
                for turn, index in enumerate(next(self._orders)):
                    samples.append(self._sample(number, place, index, turn, replays[index], part))
            return samples, self._states()
        finally:
            for replay in replays:
                replay.close()

    def isolated(self, number: int) -> tuple[Rows, tuple[str, ...]]:
        """As ``lockstep``, one variant after the other."""
        samples: Rows = []
        self._begin()
        count = len(self._variants)
        for turn, index in enumerate(self._random.sample(range(count), count)):
            with self._replay(index) as replay:
                for place, part in enumerate(self._slices):
                    samples.append(self._sample(number, place, index, turn, replay, part))
        return samples, self._states()

    def _begin(self) -> None:
        """A new pass, with new questions."""
        self._questions = draw(self._feed, self._slices, self._random)
        self._answers = [[] for _ in self._variants]
        self.owed = [0] * len(self._variants)
        names = self._clocks.hardware.names
        self.hardware = [dict.fromkeys(("events", *names), 0.0) for _ in self._variants] if names else []

    def _states(self) -> tuple[str, ...]:
        """The answers of each variant in this pass: traces and states, including the final state."""
        return tuple(hashlib.blake2b("\n".join(said).encode(), digest_size=8).hexdigest() for said in self._answers)

    def _replay(self, index: int) -> Running:
        # Choose the memory's place anew, so that it varies between passes, not only between processes.
        self._padding = padding(self._random)
        self._job.in_hand(index)
        variant, kernel = self._variants[index], self._kernels[index]
        if kernel is None:
            return start_replay(variant, self._job.task.workload)
        assert isinstance(variant, Variant)
        return LaidOutReplay(variant, kernel, self._job.task.workload)

    def _sample(self, number: int, place: int, index: int, turn: int, replay: Running, part: Slice) -> list[int]:
        self._job.in_hand(index)
        lead_in, timed = self._feed.slice(part.start, part.timed), self._feed.slice(part.timed, part.stop)
        # Maps the pages; the records themselves enter the caches during the replay.
        self._feed.records["order_id"][part.start : part.stop : _PAGE_RECORDS].sum()

        def owed() -> int:
            nanoseconds, answer = self._examiner.ask(replay, self._questions[place])
            self._answers[index].append(answer)
            self.owed[index] += nanoseconds
            return nanoseconds

        reading = self._clocks.measure(
            lambda: replay.run(lead_in.address, lead_in.stride, lead_in.count),
            lambda: replay.run(timed.address, timed.stride, timed.count),
            owed,
        )
        if self.hardware:
            self.hardware[index]["events"] += part.stop - part.timed
            for name, count in zip(self._clocks.hardware.names, self._clocks.counted, strict=True):
                self.hardware[index][name] += count
        left = self._company.left()
        if left is not None:
            raise LobenchError(f"{self._variants[index].name} {left}")
        now = time.monotonic()
        if now - self._told > _TOLD_EVERY:
            self._told = now
            self._job.tell(SessionMessage(seconds=now - self._began))
        return [number, place, index, turn, *reading, int(is_contaminated(reading))]


def reading_ns(feed: LoadedFeed) -> float:
    """Nanoseconds in which one word of each record is summed up, at the fastest of a few times: no replay that reads
    its records takes less than half of it."""
    word = feed.records["order_id"][:_READ_RECORDS]
    times = []
    for _ in range(5):
        began = time.perf_counter_ns()
        word.sum()
        times.append(time.perf_counter_ns() - began)
    return min(times) / max(1, len(word))
