"""A replay by an engine from outside, with the interface of ``lobench.engine.replay.Replay``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.closing import Closing
from lobench.engine.errors import StaleError, UsageError
from lobench.engine.feeds.base import Chunk
from lobench.engine.foreign.abi import Options
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.face import EngineError, Face
from lobench.engine.foreign.keys import Keys
from lobench.engine.inspection import Level
from lobench.engine.native_call import Call
from lobench.engine.own_thread import Company
from lobench.engine.records import MBO
from lobench.engine.registry import STRATEGIES
from lobench.engine.result import Result, StrategyEnd
from lobench.engine.scope import BOOKS, levels_of
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload

_SHOWN_LEVELS = 1 << 12
"""Levels of a side that are shown to a person."""


@dataclass(frozen=True)
class ForeignBook:
    """One book, as far as its engine shows it."""

    instrument_id: int
    publisher_id: int
    face: Face
    books: str
    decides: bool

    def levels(self, side: str) -> Iterator[Level]:
        """Levels of side ``B`` or ``A``, best first."""
        book = self.instrument_id, self.publisher_id
        for price, size, count in self.face.levels(*book, side, levels_of(self.books, True) or _SHOWN_LEVELS).tolist():
            orders: tuple[tuple[int, int], ...] = ()
            if self.books == BOOKS[-1]:
                orders = tuple(map(tuple, self.face.orders(*book, side, price).tolist()))
            yield Level(price, size, count, orders)

    def accounts(self) -> tuple[StrategyEnd, ...]:
        found = self.face.accounts(self.instrument_id, self.publisher_id) if self.decides else None
        if found is None:
            return ()
        return tuple(StrategyEnd(name, *account) for name, account in zip(STRATEGIES, found.tolist(), strict=True))


class ForeignReplay(Closing):
    """One engine on its way through a feed.

    ``workers`` is that of ``Replay``. Raises UsageError for more workers than the engine has, EngineError where it
    cannot be made.
    """

    def __init__(
        self,
        engine: ForeignEngine,
        workload: Workload,
        *,
        workers: int = 1,
    ) -> None:
        scope = engine.scope(workload.until)
        if scope.until != workload.until or BOOKS.index(workload.books) > BOOKS.index(scope.books):
            raise UsageError(f"{engine.name} offers {', '.join(engine.offered)} alone")
        if workers > engine.most_workers:
            raise UsageError(f"{engine.name} works with at most {engine.most_workers} workers, was {workers}")
        self.variant = engine
        self.workers = workers
        self._scope = scope
        self._stage = STAGES.index(workload.until)
        self._books = workload.books
        self._company = Company.now()
        self._face = engine.start(Options.of(workload, workers))
        self._apply = self._face.apply
        self._keys = Keys()
        self._note = self._keys.note
        self._records = 0
        self._open = True

    @property
    def records(self) -> int:
        """Records of the feed handled so far."""
        return self._records

    def apply(self, chunk: Chunk) -> None:
        """Handle a chunk. Raises EngineError if the engine leaves a process running, or more threads than its workers
        allow."""
        address, stride, count = chunk.address, chunk.stride, chunk.count
        if address % 8 or stride % 8:
            # Records in a file may be unaligned; an engine receives them aligned.
            aligned = chunk.array().copy()
            address, stride = aligned.ctypes.data, MBO.itemsize
        self.run(address, stride, count)
        self.settle()
        self._records += count
        left = self._company.left(self.workers - 1)
        if left is not None:
            raise EngineError(left)

    def run(self, address: int, stride: int, count: int) -> None:
        """Handle records at an address, and nothing else: the timed call. The records must stay in place until
        ``settle``."""
        if not self._open:
            raise StaleError("this replay is closed: its memory is freed")
        self._apply(address, stride, count)
        self._note(address, stride, count)

    def call(self, chunk: Chunk) -> Call:
        """How the records of ``chunk`` are handed over in calls of the caller's own, all before anything is asked."""
        self._note(chunk.address, chunk.stride, chunk.count)
        return self._face.call(chunk.address, chunk.stride, chunk.count)

    def settle(self) -> None:
        """Scan the books of the records so far: the laboratory's own work, outside all clocks."""
        self._keys.look()

    @property
    def trace(self) -> int | None:
        """The running trace, uint64; None where the engine keeps none."""
        return self._face.trace() if self._scope.trace else None

    def question(self, books: Sequence[tuple[int, int]]) -> int:
        """As ``Replay.question``, about books that had records."""
        keys = np.array([instrument << 16 | publisher for instrument, publisher in books], np.int64)
        return self._face.ask(keys, levels_of(self._books, False), self._counted, self._stage, False)

    def end_state(self, until: str | None = None) -> int:
        """As ``Replay.end_state``."""
        stage = self._stage if until is None else min(self._stage, STAGES.index(until))
        return self._face.ask(self._keys.found(), levels_of(self._books, True), self._counted, stage, True)

    def newest(self, instrument_id: int, publisher_id: int) -> tuple[float, ...] | None:
        """The newest features of a book; None if there is no such book, or none are computed."""
        row = self._face.features(instrument_id, publisher_id) if self._stage > 1 else None
        return None if row is None else tuple(map(float, row))

    def books(self) -> list[ForeignBook]:
        """All books that records named, in order of (instrument_id, publisher_id)."""
        keys = sorted(map(int, self._keys.found()))
        return [ForeignBook(key >> 16, key & 0xFFFF, self._face, self._books, self._stage > 2) for key in keys]

    def memory(self) -> None:
        """Nothing is known of it."""

    def finish(self) -> Result:
        """The results so far. Results that the engine does not offer are 0, and None for the trace."""
        counts = self._face.counts() if self._scope.counts or self._scope.anomalies else None
        counted = counts.anomalies if counts is not None and self._scope.anomalies else ()
        return Result(
            events=counts.events if counts else 0,
            evaluations=counts.evaluations if counts else 0,
            anomalies=dict(zip(ANOMALIES, counted or (0,) * len(ANOMALIES), strict=True)),
            books=(),
            trace=self.trace,
        )

    @property
    def _counted(self) -> bool:
        return self._books != BOOKS[0]

    def close(self) -> None:
        """End the engine. Safe to call twice."""
        if self._open:
            self._open = False
            self._face.close()
