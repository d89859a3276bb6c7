"""The queue: records are passed to a replay as they would have arrived, and each call is timed.

A server that takes at most ``most`` records at a time begins a block when it is idle and a record is there, or
immediately after the last block if others wait: it takes all waiting records up to the limit. Every event of a block is
answered when the block ends. With blocks of one record this is the single server of Lindley's recursion; otherwise
Neuts's bulk service of rule (1, most).

The clock of the queue goes from event to event: it consists of the arrivals and of the service times as they are
measured, in one pass. So the timed blocks are exactly those that form at this speed of the market, and no event is sent
later because an earlier one took long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.errors import LobenchError
from lobench.engine.feeds.base import Chunk
from lobench.engine.foreign.calls import call_apply, call_kernel
from lobench.engine.native import int64
from lobench.engine.native_call import Call, PythonCall
from lobench.workbench.latency.ticks import after, before

Times = npt.NDArray[np.float64]

_STRETCH = 65_536
"""Records between two signs of life."""


@kernel
def _call_compiled(function: int, target: int, address: int, stride: int, count: int, words: int) -> Any:
    return call_kernel(function, words, words + int64(8), target, address, stride, count, int64(0), int64(0))


@kernel
def _call_library(function: int, target: int, address: int, stride: int, count: int, words: int) -> Any:
    return call_apply(function, target, address, stride, count)


@kernel
def _before(words: int) -> Any:
    return before()


@kernel
def _after(words: int) -> Any:
    return after()


def build_serve(
    call: Callable[..., Any], began_at: Callable[..., Any] = _before, ended_at: Callable[..., Any] = _after
) -> Any:
    """The compiled queue for one way of calling a server; ``began_at``, ``ended_at``: the counter around a call. All
    three are kernels that are given ``words``."""

    @entry
    def serve(
        function: int,
        target: int,
        words: int,
        address: int,
        stride: int,
        place: int,
        last: int,
        most: int,
        free: float,
        tick_ns: float,
        arrivals: Times,
        services: Times,
        sizes: Any,
        responses: Times,
    ) -> tuple[int, float, int]:
        """Blocks that begin at records ``place`` to ``last``; returns (the next record, when the server is free, the
        return value of the last call). All times in ns. ``services`` and ``sizes``, int32, are written at the first
        record of each block, ``responses`` at each; shape (records,). ``words``: address of two words."""
        status = int64(0)
        while place < last and status == 0:
            start = max(free, arrivals[place])
            end = place + 1
            limit = min(place + most, len(arrivals))
            while end < limit and arrivals[end] <= start:
                end += 1
            began = began_at(words)
            status = call(function, target, address + place * stride, stride, end - place, words)
            service = (ended_at(words) - began) * tick_ns
            free = start + service
            services[place] = service
            sizes[place] = end - place
            for each in range(place, end):
                responses[each] = free - arrivals[each]
            place = end
        return place, free, status

    return serve


_SERVE = {True: build_serve(_call_compiled), False: build_serve(_call_library)}
"""By whether it is a kernel that is called."""


@dataclass
class Served:
    """One pass over all records that queue, shape (records,), times in ns. ``services`` and ``sizes`` are at the first
    record of each block; where the size is 0 none begins. ``responses``: of each record."""

    services: Times
    sizes: npt.NDArray[np.int32]
    responses: Times
    words: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))

    @classmethod
    def empty(cls, records: int) -> Served:
        # Filled now, so that no page is touched for the first time between two calls.
        return cls(np.full(records, 0.0), np.full(records, 0, np.int32), np.full(records, 0.0))


def serve(
    call: Call,
    chunk: Chunk,
    arrivals: Times,
    most: int,
    tick_ns: float,
    alive: Callable[[], None] = lambda: None,
) -> Served:
    """Hand the records of ``chunk`` over, which come at ``arrivals``. ``alive`` is called now and then. Raises
    LobenchError where a call fails."""
    found = Served.empty(chunk.count)
    place, free = 0, 0.0
    while place < chunk.count:
        last = min(place + _STRETCH, chunk.count)
        if isinstance(call, PythonCall):
            place, free = _serve_python(call, place, last, most, free, arrivals, found)
        else:
            place, free, status = _SERVE[call.compiled](
                call.function,
                call.target,
                found.words.ctypes.data,
                chunk.address,
                chunk.stride,
                place,
                last,
                most,
                free,
                tick_ns,
                arrivals,
                found.services,
                found.sizes,
                found.responses,
            )
            if status:
                raise LobenchError(f"a call with records up to {place} failed with {status}")
        alive()
    return found


def _serve_python(
    call: PythonCall, place: int, last: int, most: int, free: float, arrivals: Times, found: Served
) -> tuple[int, float]:
    """The same for engines that only Python can call; its clock is read from Python, too."""
    take, records, clock = call.take, call.records, time.perf_counter_ns
    while place < last:
        start = max(free, arrivals[place])
        end = place + 1
        limit = min(place + most, len(arrivals))
        while end < limit and arrivals[end] <= start:
            end += 1
        block = records[place:end]
        began = clock()
        take(block)
        service = float(clock() - began)
        free = start + service
        found.services[place], found.sizes[place] = service, end - place
        found.responses[place:end] = free - arrivals[place:end]
        place = end
    return place, free


def python_reading_ns() -> float:
    """The median difference between two readings of Python's clock around a call of an empty method."""
    clock, nothing = time.perf_counter_ns, _Nothing().take
    found = []
    for _ in range(1001):
        began = clock()
        nothing(None)
        found.append(clock() - began)
    return float(np.median(found))


class _Nothing:
    def take(self, records: object) -> None:
        pass
