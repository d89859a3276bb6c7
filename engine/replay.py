"""One replay of a feed by one variant: creates the state, feeds it chunks on one or more threads, returns the
results."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine import inspection
from lobench.engine.activity import activity as activity_of
from lobench.engine.anomalies import ANOMALIES
from lobench.engine.closing import Closing
from lobench.engine.counters import COUNTERS, LOCKS_TAKEN, PROBE
from lobench.engine.errors import StrictError, UsageError
from lobench.engine.feeds.base import Chunk
from lobench.engine.inputs import INPUTS
from lobench.engine.kernel_builder import build, timed_address
from lobench.engine.layout import DIGESTS, MEMORY, OUTPUT_LEVEL, SHARED, STATE, TABLE, TAP
from lobench.engine.native import BARRIER_BYTES
from lobench.engine.native_call import NativeCall
from lobench.engine.picking import Pick, pick_all
from lobench.engine.policy import Variant
from lobench.engine.records import BATCH
from lobench.engine.registry import FEATURES
from lobench.engine.result import Digests, Result
from lobench.engine.rows import RowBuffers, Rows
from lobench.engine.scope import BOOKS, WHOLE_LEVELS, levels_of
from lobench.engine.shards import MOST_WORKERS, TURN, share_out
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload

SLICE = 65_536
"""Records handled by one call of a kernel: the grain of interrupts, progress and output."""


SHOWN_FIELDS = ("order_id", "price", "size", "flags", "instrument_id", "publisher_id", "ts_event")
"""Fields that identify an event to a person, beside its action and side."""


def warm(variant: Variant, *, observe: bool = False, counters: bool = False, until: str = "strategies") -> None:
    """Compile a build of a variant's kernels, or load it from the cache, by replaying nothing."""
    with Replay(variant, observe=observe, counters=counters, until=until) as replay:
        replay.apply(Chunk(address=0, stride=0, count=0, owner=None))
        replay.run(0, 0, 0)
        replay.end_state()
        replay.question([(0, 0)])
        replay.newest(0, 0)
        replay.memory()
        replay.finish()


class _Worker:
    """One thread's engine, and the buffers that its kernel writes to."""

    def __init__(self, index: int, parameters: int, depth: int, observe: bool, deep: bool, counters: bool) -> None:
        self.state = np.zeros(1, STATE)
        self.inputs = np.zeros(1, INPUTS)
        self.row = np.zeros(len(FEATURES))
        self.turns = np.zeros(BATCH, TURN)
        self.state_address = int(self.state.ctypes.data)
        self.state["worker"] = index
        self.state["anomaly"] = -1
        self.state["turns"] = self.turns.ctypes.data
        self.state["inputs"] = self.inputs.ctypes.data
        self.state["row"] = self.row.ctypes.data
        self.state["layout_parameters"] = parameters
        self.probe = np.zeros(1, PROBE) if counters else None
        self.tap = np.zeros(1, TAP) if observe else None
        if self.tap is not None:
            self.samples = np.zeros(SLICE // BATCH + 1, DIGESTS)
            self.tap["samples"] = self.samples.ctypes.data
            self.tap["depth"] = depth
            self.tap["deep"] = deep

    def run(self, kernel: Any, address: int, stride: int, count: int) -> None:
        if self.tap is not None:
            self.tap["sample_count"] = 0
        probe = None if self.probe is None else self.probe[0]
        try:
            kernel(self.state_address, address, stride, count, None if self.tap is None else self.tap[0], probe)
        finally:
            if self.tap is not None:
                # From here on, the memory of the rows belongs to their receiver.
                self.tap["places"] = 0


class Replay(Closing):
    """The state of one variant during a replay.

    ``workers`` threads share the instruments; results do not depend on their number. ``evaluate`` is ``last`` or
    ``every``. ``strict`` stops at the first anomaly. Every replay keeps its trace (``engine.trace``).

    With ``observe`` it also passes rows to ``on_rows`` after each slice of ``slice_records``, at most ``SLICE``: the
    evaluations selected by ``pick`` (``engine.picking``; default: all), with ``features`` by name (default: all) and
    ``depth`` top levels. Unless ``deep`` is False it takes digests of everything at every batch boundary.

    ``counters`` runs the instrumented build.
    ``until`` is the last stage of the replay, one of ``STAGES``. ``activity``: instrument ids of a sample of the feed
    (``engine.activity``), by which several workers divide them; by default the first chunk is the sample.
    ``books``: the depth of books in ``question`` and ``end_state``, one of ``engine.scope.BOOKS``. ``orders``: expected
    number of resting orders, for layouts that make room for them at once; 0: unknown.
    Raises UsageError for invalid values.
    """

    def __init__(
        self,
        variant: Variant,
        *,
        workers: int = 1,
        evaluate: str = "last",
        strict: bool = False,
        observe: bool = True,
        deep: bool | None = None,
        counters: bool = False,
        depth: int = 0,
        on_rows: Callable[[Rows], None] | None = None,
        features: Sequence[str] | None = None,
        pick: Pick = pick_all,
        slice_records: int = SLICE,
        until: str = "strategies",
        activity: npt.NDArray[np.uint32] | None = None,
        books: str = BOOKS[-1],
        orders: int = 0,
    ) -> None:
        if not 1 <= workers < MOST_WORKERS:
            raise UsageError(f"workers must be at least 1 and below {MOST_WORKERS}, was {workers}")
        workload = Workload(evaluate=evaluate, until=until)
        deep = observe if deep is None else deep
        if (on_rows or depth or deep) and not observe:
            raise UsageError("rows, levels and digests need an observed replay")
        if (on_rows or depth) and until in ("decode", "book"):
            raise UsageError(f"rows and levels belong to evaluations, and a replay until '{until}' has none")
        self.variant = variant
        self.workers = workers
        self.until = until
        self._books = books
        self._levels = np.zeros(WHOLE_LEVELS, OUTPUT_LEVEL)
        self._on_rows = on_rows
        self._deep = deep
        self._records = 0
        self._samples: list[npt.NDArray[np.uint64]] = []
        self._kernels = build(variant, until)
        self._context = int(self._kernels.create_context())
        chosen = None if variant.parameters is None else variant.parameters.sized(-(-orders // workers))
        self._parameters = None if chosen is None else np.array([*chosen.as_json().values()], np.int64)
        parameters = 0 if self._parameters is None else int(self._parameters.ctypes.data)
        self._slice = slice_records
        names = [*FEATURES] if features is None else features
        self._buffers = RowBuffers(slice_records, names, depth) if on_rows else None
        self._pick, self._flags = pick, workload.flags
        self._workers = [_Worker(index, parameters, depth, observe, deep, counters) for index in range(workers)]
        self._boards = np.zeros(workers, TABLE)
        self._owners = share_out(np.zeros(0, np.uint32) if activity is None else activity, workers)
        self._shared_out = workers == 1 or activity is not None
        self._barrier = np.zeros(BARRIER_BYTES, np.uint8)
        self._shared = np.zeros(1, SHARED)
        self._shared["workers"] = workers
        self._shared["boards"] = self._boards.ctypes.data
        self._shared["owners"] = self._owners.ctypes.data
        self._shared["barrier"] = self._barrier.ctypes.data
        self._libc = ctypes.CDLL(None)
        self._libc.pthread_barrier_init(ctypes.c_void_p(self._barrier.ctypes.data), None, workers)
        mask, value = self._flags
        for worker in self._workers:
            worker.state["shared"] = self._shared.ctypes.data
            worker.state["workers"] = workers
            worker.state["context"] = self._context
            worker.state["peer_lock"] = self._context
            worker.state["flag_mask"], worker.state["flag_value"] = mask, value
            worker.state["strict"] = strict
        self._pool = ThreadPoolExecutor(workers - 1, thread_name_prefix="lobench") if workers > 1 else None
        self._open = True
        self._standing = inspection.Standing()
        if orders and chosen is not None:
            # The room is there before the first record comes.
            self.run(0, 0, 0)

    @property
    def records(self) -> int:
        """Records of the feed handled so far."""
        return self._records

    def apply(self, chunk: Chunk) -> None:
        """Handle a chunk. Raises StrictError at the first anomaly of a strict replay; interrupts take effect between
        slices."""
        self._standing.go_on()
        if not self._shared_out:
            self._share_out(chunk)
        for start in range(0, chunk.count, self._slice):
            count = min(self._slice, chunk.count - start)
            part = Chunk(chunk.address + start * chunk.stride, chunk.stride, count, chunk.owner)
            rows = self._picked(part)
            self.run(part.address, part.stride, count)
            self._keep_samples()
            if self._workers[0].state["strict"][0]:
                self._check_strict(chunk, start)
            self._records += count
            if rows is not None and self._on_rows is not None:
                self._on_rows(rows)

    def run(self, address: int, stride: int, count: int) -> None:
        """Handle records at an address, and nothing else: the measured work. At most ``SLICE`` if observed."""
        self._standing.go_on()
        kernel = self._kernels.replay
        if not self._shared_out:
            self._share_out(Chunk(address, stride, count, None))
        first, *others = self._workers
        futures: list[Future[None]] = []
        try:
            if self._pool is not None:
                futures += [self._pool.submit(worker.run, kernel, address, stride, count) for worker in others]
            first.run(kernel, address, stride, count)
            for future in futures:
                future.result()
        finally:
            # After an interrupt, too, threads must end before the state is freed.
            wait(futures)

    def call(self, chunk: Chunk) -> NativeCall:
        """How compiled code hands the records of ``chunk`` to the timed kernel, in calls of its own; of one worker."""
        self.run(chunk.address, chunk.stride, 0)
        return NativeCall(timed_address(self._kernels), self._workers[0].state_address, compiled=True)

    def settle(self) -> None:
        """Nothing: a compiled variant knows its own books (``engine.foreign.start.Running``)."""

    def _share_out(self, chunk: Chunk) -> None:
        """Assign instruments to workers by the content of the first chunk, before any book exists."""
        if chunk.count:
            self._owners[:] = share_out(activity_of([chunk], 1 + chunk.count // SLICE), self.workers)
            self._shared_out = True

    def _picked(self, part: Chunk) -> Rows | None:
        """The rows of this slice, which the workers will write."""
        if self._buffers is None:
            return None
        rows = self._buffers.pick(self._pick, part, self._flags, self._records)
        for worker in self._workers:
            assert worker.tap is not None, "rows are observed"
            self._buffers.aim(worker.tap, rows, int(worker.state["records"][0]))
        return rows

    def _keep_samples(self) -> None:
        if self._workers[0].tap is None:
            return
        taken = int(self._workers[0].tap["sample_count"][0])
        if taken:
            parts = [worker.samples[:taken].view(np.uint64).reshape(taken, 3) for worker in self._workers]
            self._samples.append(np.sum(parts, axis=0, dtype=np.uint64))

    def _check_strict(self, chunk: Chunk, start: int) -> None:
        stops = [worker.state[0] for worker in self._workers if worker.state["stopped"][0]]
        if stops:
            first = min(stops, key=lambda state: int(state["stop_index"]))
            record = int(first["stop_index"])
            kind = ANOMALIES[int(first["anomaly"])]
            event = chunk.array()[start + record - self._records]
            fields = ", ".join(f"{name} {event[name]}" for name in SHOWN_FIELDS)
            raise StrictError(
                f"event {record}: {kind}: action {chr(event['action'])!r}, side {chr(event['side'])!r}, {fields}"
            )

    def end_state(self, until: str = "strategies") -> int:
        """64-bit digest of the current state of the stages up to ``until``: books, newest features, accounts.

        Stages that are not computed are left out. For a replay that only decodes: the sum of all fields read.
        """
        self._standing.turn()
        row, levels = self._workers[0].row.ctypes.data, self._levels.ctypes.data
        how = row, STAGES.index(until), levels, levels_of(self._books, whole=True), self._counted
        return sum(int(self._kernels.end_state(worker.state_address, *how)) for worker in self._workers) % 2**64

    @property
    def trace(self) -> int:
        """The running trace of all evaluations so far, uint64; of a replay that only decodes 0."""
        return sum(int(worker.state["trace"][0]) for worker in self._workers) % 2**64

    def question(self, books: Sequence[tuple[int, int]]) -> int:
        """Answer about these books (instrument_id, publisher_id), uint64: the current best levels, newest features and
        accounts of each; missing books are ignored."""
        self._standing.turn()
        row, levels = self._workers[0].row.ctypes.data, self._levels.ctypes.data
        ask, how = self._kernels.question, (row, levels, levels_of(self._books, whole=False), self._counted)
        keys = [instrument << 16 | publisher for instrument, publisher in books]
        return sum(int(ask(worker.state_address, key, *how)) for worker in self._workers for key in keys) % 2**64

    @property
    def _counted(self) -> bool:
        """Whether counts of a level's orders are part of answers."""
        return self._books != BOOKS[0]

    def newest(self, instrument_id: int, publisher_id: int) -> tuple[float, ...] | None:
        """The newest features of a book, NaN before its first evaluation; None if there is no such book."""
        self._standing.turn()
        row = np.zeros(len(FEATURES))
        key = instrument_id << 16 | publisher_id
        for worker in self._workers:
            if self._kernels.newest(worker.state_address, key, row.ctypes.data):
                return tuple(map(float, row))
        return None

    def memory(self) -> dict[str, int | float]:
        """The current memory of the books: counts of orders and levels, bytes by purpose, bytes per live order."""
        self._standing.turn()
        found = np.zeros(1, MEMORY)
        for worker in self._workers:
            self._kernels.memory(worker.state_address, found.ctypes.data)
        counts = {name: int(found[name][0]) for name in MEMORY.names or ()}
        held = sum(count for name, count in counts.items() if name.endswith("_bytes"))
        return {**counts, "bytes_per_live_order": held / max(1, counts["orders"])}

    def books(self) -> list[inspection.Book]:
        """Views of the present state of all books, in order of (instrument_id, publisher_id)."""
        inspect = self.variant.layout.inspect
        found = [
            book for worker in self._workers for book in inspection.books(worker.state[0], self._standing, inspect)
        ]
        return sorted(found, key=lambda book: (book.instrument_id, book.publisher_id))

    def finish(self) -> Result:
        """The results so far. Takes the final samples of a deep replay, so it is called once, at the end."""
        self._standing.turn()
        states = [worker.state[0] for worker in self._workers]
        digests = None
        if self._deep:
            for worker in self._workers:
                self._kernels.sample(worker.state_address)
            totals = [sum(int(state["digests"][name]) for state in states) % 2**64 for name in DIGESTS.names or ()]
            reached = STAGES.index(self.until)
            digests = Digests(*(total if reached > place else None for place, total in enumerate(totals)))
        anomalies = np.sum([state["anomalies"] for state in states], axis=0)
        return Result(
            events=sum(int(state["events"]) for state in states),
            evaluations=sum(int(state["evaluations"]) for state in states),
            anomalies=dict(zip(ANOMALIES, map(int, anomalies), strict=True)),
            books=tuple(book.end() for book in self.books()),
            trace=self.trace,
            digests=digests,
            samples=np.concatenate(self._samples) if self._samples else np.zeros((0, 3), np.uint64),
            counters=self._counters(),
            decoded=sum(int(state["decoded"]) for state in states) % 2**64 if self.until == STAGES[0] else None,
        )

    def _counters(self) -> dict[str, int] | None:
        probes = [worker.probe for worker in self._workers if worker.probe is not None]
        if not probes:
            return None
        counts = np.sum([probe["counts"][0] for probe in probes], axis=0)
        counts[LOCKS_TAKEN] += sum(int(worker.state["peer_locks_taken"][0]) for worker in self._workers)
        return dict(zip(COUNTERS, map(int, counts), strict=True))

    def close(self) -> None:
        """Free all state. Safe to call twice."""
        if self._open:
            self._open = False
            self._standing.close()
            if self._pool is not None:
                self._pool.shutdown()
            for worker in self._workers:
                self._kernels.destroy(worker.state_address)
            for board in self._boards:
                inspection.free_table(board)
            self._kernels.destroy_context(self._context)
            self._libc.pthread_barrier_destroy(ctypes.c_void_p(self._barrier.ctypes.data))

    def __del__(self) -> None:
        # At exit the memory is freed anyway, and no kernel can be compiled any more.
        if getattr(self, "_open", False) and not sys.is_finalizing():
            self.close()
