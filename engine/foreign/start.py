"""Starting a replay of any participant: a compiled variant, or an engine from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from lobench.engine import replay as compiled
from lobench.engine.feeds.base import Chunk
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.replay import ForeignBook, ForeignReplay
from lobench.engine.inspection import Book
from lobench.engine.native_call import Call
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from lobench.engine.result import Result
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload

Contestant: TypeAlias = Variant | ForeignEngine
"""Everything that can be verified and measured."""


class Running(Protocol):
    """A replay under way, as ``Replay`` explains it."""

    @property
    def records(self) -> int: ...

    @property
    def trace(self) -> int | None: ...

    def apply(self, chunk: Chunk) -> None: ...

    def run(self, address: int, stride: int, count: int) -> None: ...

    def call(self, chunk: Chunk) -> Call:
        """How the records of ``chunk`` are handed over in calls of the caller's own, without moving them."""
        ...

    def settle(self) -> None:
        """Do the laboratory's own work before the state is queried; never the contestant's."""
        ...

    def question(self, books: Sequence[tuple[int, int]]) -> int: ...

    def end_state(self) -> int: ...

    def newest(self, instrument_id: int, publisher_id: int) -> tuple[float, ...] | None: ...

    def books(self) -> Sequence[Book | ForeignBook]: ...

    def finish(self) -> Result: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


def start_replay(
    contestant: Contestant,
    workload: Workload,
    *,
    workers: int = 1,
    activity: npt.NDArray[np.uint32] | None = None,
) -> Running:
    """A replay in the build that is timed, by a variant as it was fitted. ``activity`` is for compiled variants with
    several workers."""
    if isinstance(contestant, ForeignEngine):
        return ForeignReplay(contestant, workload, workers=workers)
    return Replay(
        contestant,
        workers=workers,
        evaluate=workload.evaluate,
        until=workload.until,
        books=workload.books,
        activity=activity,
        orders=workload.orders,
        observe=False,
    )


def warm(contestant: Contestant, until: str = STAGES[-1], at: Callable[[str], None] = lambda _: None) -> None:
    """Compile the timed build, or load it, by replaying nothing. ``at`` receives the next call to an engine from
    outside, as words that follow "when"."""
    if isinstance(contestant, Variant):
        compiled.warm(contestant, observe=False, until=until)
        return
    at("it was created")
    with start_replay(contestant, Workload().within(contestant.scope(until))) as replay:
        at("it was handed no records")
        replay.apply(Chunk(address=0, stride=56, count=0, owner=None))
        at("it was asked for the state of no books")
        replay.end_state()
        replay.question([])
        replay.finish()
        at("it was destroyed")
