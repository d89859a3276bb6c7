"""Replayers of the first records of a feed, with a common interface: compiled variants and the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.activity import activity
from lobench.engine.errors import LobenchError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.start import Contestant, Running, start_replay
from lobench.engine.inspection import Level
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.own_thread import Company
from lobench.engine.policy import Variant
from lobench.engine.records import BATCH
from lobench.engine.replay import SLICE, Replay
from lobench.engine.result import StrategyEnd
from lobench.engine.scope import BOOKS, Scope
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.workbench.verification.proof import Proof, Questions, is_whole

Side = list[tuple[int, int, int, list[tuple[int, int]]]]
"""Levels, best first: price, size, count, and the queue's (order_id, size) from front to tail."""

SHOWN_LEVELS = 10
"""How many levels of a side a person or a program is shown of a state."""

_ORACLE_STEP = 4096


@dataclass(frozen=True)
class State:
    """One book and its newest evaluation at some point of a feed; sides are empty if there is no such book."""

    bids: Side
    asks: Side
    features: tuple[float, ...] | None
    accounts: tuple[StrategyEnd, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The best levels of both sides as JSON."""
        return {"bids": self.bids[:SHOWN_LEVELS], "asks": self.asks[:SHOWN_LEVELS]}


class Machine(Protocol):
    """Replays prefixes of a feed from the beginning."""

    @property
    def name(self) -> str: ...

    @property
    def workers(self) -> int: ...

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Proof:
        """The result of the first ``count`` records. ``advance`` is called after every batch of records."""
        ...

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        """One book after the first ``count`` records."""
        ...


@dataclass(frozen=True, kw_only=True)
class MachineSettings:
    """How a ``VariantMachine`` replays, in any process.

    ``scope``: its last stage, and which results are compared. ``deep``: its proofs hold digests of everything.
    ``seed``: of the questions; without one there are none. ``calls``: the feed is replayed once more in calls of other
    lengths, drawn with the questions. ``states``: a proof holds the whole state at every batch boundary.
    """

    workload: Workload
    scope: Scope
    workers: int = 1
    deep: bool = False
    seed: int | None = None
    calls: bool = False
    states: bool = False


class VariantMachine:
    """A variant with its fitted parameters, or an engine from outside, on a number of threads: the timed build, and in
    a deep proof of a variant also the observed one. ``questions`` are drawn with the settings' seed. ``at`` receives
    the next call if it is not one with records, as words that follow "when".
    """

    def __init__(
        self,
        variant: Contestant,
        settings: MachineSettings,
        questions: Questions | None = None,
        at: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.variant = variant
        self.workers = settings.workers
        self._settings = settings
        self._workload = settings.workload.within(settings.scope)
        self._scope = settings.scope
        self._questions = questions
        self._at = at

    @property
    def name(self) -> str:
        return self.variant.name

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Proof:
        sample = activity(feed) if self.workers > 1 else None
        company = Company.now()
        traces: list[int | None] = []
        states: dict[int, int] = {}
        answers: dict[int, int] = {}
        with self._replay(activity=sample) as replay:
            for start in range(0, count, BATCH):
                stop = min(start + BATCH, count)
                replay.apply(feed.slice(start, stop))
                self._at(f"it was asked for its state after record {stop - 1}")
                if stop - start == BATCH:
                    traces.append(self._trace(replay))
                books = self._questions.at(stop) if self._questions is not None else ()
                if books:
                    answers[stop] = replay.question(books)
                if stop == count or self._settings.states or is_whole(stop, self._scope.trace):
                    states[stop] = replay.end_state()
                if advance is not None:
                    advance(stop - start)
            result = replay.finish()
            self._at("it was destroyed")
        left = company.left(self.workers - 1)
        if left is not None:
            raise LobenchError(left)
        if self._settings.deep and isinstance(self.variant, Variant):
            with self._built(self.variant, observe=True, activity=sample) as deep:
                _apply(deep, feed, count)
                found = deep.finish()
            result = replace(result, digests=found.digests, samples=found.samples)
        if not self._scope.trace:
            result = replace(result, trace=None)
        kept = np.array([trace for trace in traces if trace is not None], np.uint64)
        proof = Proof(result, kept, states, answers, scope=self._scope)
        return self._called(feed, count, proof, sample) if self._settings.calls else proof

    def _called(self, feed: LoadedFeed, count: int, proof: Proof, sample: npt.NDArray[np.uint32] | None) -> Proof:
        """The proof, with that of a replay in calls of other lengths."""
        assert self._questions is not None, "calls are drawn with the questions"
        traces: dict[int, int] = {}
        with self._replay(activity=sample) as replay:
            self._at("the feed came in calls of other lengths")
            for start, stop in self._questions.calls(count):
                part = feed.slice(start, stop)
                replay.run(part.address, part.stride, part.count)
                trace = self._trace(replay)
                if trace is not None and (stop % BATCH == 0 or stop == count):
                    traces[stop] = trace
            found = replace(proof, calls=traces, called=replay.end_state())
            self._at("it was destroyed")
        return found

    def walk(self, feed: LoadedFeed, start: int, advance: Callable[[int], None]) -> None:
        """Replay the records up to ``start`` in batches, and one batch more a record at a time; ``advance`` receives
        the number of all that are done."""
        with self._replay(activity=activity(feed) if self.workers > 1 else None) as replay:
            for done in range(0, start, BATCH):
                stop = min(done + BATCH, start)
                replay.apply(feed.slice(done, stop))
                advance(stop - done)
            for done in range(start, min(start + BATCH, feed.count)):
                replay.apply(feed.slice(done, done + 1))
                advance(1)

    def count(self, feed: LoadedFeed, advance: Callable[[int], None]) -> dict[str, int]:
        """Mechanism counters of the whole feed, by the instrumented build."""
        assert isinstance(self.variant, Variant), "an engine from outside has no counters"
        with self._built(self.variant, observe=False, counters=True) as replay:
            for chunk in feed:
                replay.apply(chunk)
                advance(chunk.count)
            counters = replay.finish().counters
        assert counters is not None, "an instrumented replay counts"
        return counters

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        with self._replay() as replay:
            _apply(replay, feed, count)
            for book in replay.books():
                if (book.instrument_id, book.publisher_id) == (instrument_id, publisher_id):
                    sides = [_side(book.levels(side), self._scope.books) for side in "BA"]
                    features = None
                    if STAGES.index(self._scope.until) >= STAGES.index("features"):
                        features = replay.newest(instrument_id, publisher_id)
                    decides = STAGES.index(self._scope.until) >= STAGES.index("strategies")
                    return State(sides[0], sides[1], features, book.accounts() if decides else ())
        return State([], [], None)

    def _trace(self, replay: Running) -> int | None:
        """The running trace, if it is compared."""
        return replay.trace if self._scope.trace else None

    def _replay(self, activity: npt.NDArray[np.uint32] | None = None) -> Running:
        self._at("it was created")
        replay = start_replay(self.variant, self._workload, workers=self.workers, activity=activity)
        self._at("")
        return replay

    def _built(self, variant: Variant, **build: Any) -> Replay:
        """A replay in another build than the timed one."""
        evaluate, until, books = self._workload.evaluate, self._workload.until, self._workload.books
        return Replay(variant, workers=self.workers, evaluate=evaluate, until=until, books=books, **build)


def _side(levels: Iterable[Level], books: str) -> Side:
    """Levels as deep as they are compared."""
    if books == BOOKS[0]:
        return [(level.price, level.size, 0, []) for level in islice(levels, 1)]
    queues = books == BOOKS[-1]
    return [(level.price, level.size, level.count, list(level.orders) if queues else []) for level in levels]


def _apply(replay: Running, feed: LoadedFeed, count: int) -> None:
    """Replay the first ``count`` records in slices."""
    for start in range(0, count, SLICE):
        replay.apply(feed.slice(start, min(start + SLICE, count)))


class OracleMachine:
    """The pure-Python oracle."""

    name = "oracle"
    workers = 1

    def __init__(self, evaluate: str = "last") -> None:
        self._evaluate = evaluate

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Proof:
        oracle = self._run(feed, count, advance)
        return Proof(oracle.finish(), np.array(oracle.traces, np.uint64))

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        oracle = self._run(feed, count, None, keep_rows=True)
        rows = [row[3] for row in oracle.rows if row[1:3] == (instrument_id, publisher_id)]
        book = oracle.book(instrument_id, publisher_id)
        if book is None:
            return State([], [], None)
        # A book without an evaluation has no features yet; a feature store returns NaN for them.
        features = tuple(rows[-1]) if rows else (float("nan"),) * len(FEATURES)
        ends = {(end.instrument_id, end.publisher_id): end.strategies for end in oracle.finish().books}
        accounts = ends[instrument_id, publisher_id]
        return State(list(book.levels(ord("B"))), list(book.levels(ord("A"))), features, accounts)

    def _run(
        self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None, keep_rows: bool = False
    ) -> Oracle:
        oracle = Oracle(self._evaluate, keep_rows)
        for start in range(0, count, _ORACLE_STEP):
            stop = min(start + _ORACLE_STEP, count)
            oracle.apply(feed.records[start:stop])
            if advance is not None:
                advance(stop - start)
        return oracle
