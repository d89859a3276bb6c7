"""Everything that can replay records and answer queries, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.foreign.abi import Options
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.face import Face
from lobench.engine.foreign.python_engine import LEAVES_OUT as LEFT_OUT_BITS
from lobench.engine.foreign.python_engine import OFFERS as OFFER_BITS
from lobench.engine.foreign.start import Contestant
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.policy import Variant
from lobench.engine.records import ASK, BID
from lobench.engine.registry import STRATEGIES
from lobench.engine.replay import Replay
from lobench.engine.result import StrategyEnd
from lobench.engine.stages import STAGES
from lobench.workbench.conformance.observation import Book, Observation
from lobench.workbench.conformance.rule import OFFERS, Rule
from lobench.workbench.conformance.stream import books_of, made, scramble
from lobench.workbench.verification.machines import Side, State

_MOST_LEVELS: Final = 1000
"""Levels of a side that an engine is asked for; no stream has as many."""


@dataclass(frozen=True)
class Take:
    """The input of a replay: records (dtype ``MBO``), their calls, and the books to query at the end.

    ``calls``: numbers of records of the calls, the last of which takes the rest. ``asked``: the books are queried
    between calls, too. ``beside``: a second engine of the same kind receives each part of the records first, and is
    destroyed before the engine is queried.
    """

    records: npt.NDArray[np.void]
    books: Sequence[Book]
    evaluate: str = "last"
    calls: tuple[int, ...] = ()
    stride: int = 56
    asked: bool = False
    beside: bool = False

    @classmethod
    def of(cls, rule: Rule) -> Take:
        books = list(dict.fromkeys([*books_of(rule.stream), *(shown.book for shown in rule.shows)]))
        records = made(rule.stream)
        if rule.scrambled:
            scramble(records)
        return cls(records, books, rule.evaluate, rule.calls, rule.stride, rule.asked, rule.beside)

    def first(self, count: int) -> Take:
        """The same of the first ``count`` records."""
        return replace(self, records=self.records[:count])

    def one_by_one(self) -> Take:
        return replace(self, calls=(1,) * len(self.records))

    def in_one_call(self) -> Take:
        return replace(self, calls=(), stride=56, asked=False, beside=False)

    def laid_out(self) -> npt.NDArray[np.uint8]:
        """The records ``stride`` bytes apart, with rubbish between them; aligned to 8 bytes."""
        count = len(self.records)
        room = np.full((count * self.stride + 7) // 8, 0xA5A5A5A5A5A5A5A5, np.uint64).view(np.uint8)
        parts = room[: count * self.stride].reshape(count, self.stride)
        parts[:, : self.records.itemsize] = (
            np.ascontiguousarray(self.records).view(np.uint8).reshape(count, self.records.itemsize)
        )
        return room

    def parts(self) -> Iterator[tuple[int, int]]:
        """(first record, record after the last) of each call."""
        done = 0
        for count in self.calls:
            yield done, min(done + count, len(self.records))
            done = min(done + count, len(self.records))
        yield done, len(self.records)


class Subject(Protocol):
    """An engine. ``offers`` of ``rule.OFFERS``, ``leaves_out`` of ``rule.LEFT_OUT``."""

    @property
    def name(self) -> str: ...

    @property
    def offers(self) -> frozenset[str]: ...

    @property
    def leaves_out(self) -> frozenset[str]: ...

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        """Replay from empty books, then query. ``advance`` is called with the records of every call."""
        ...


class VariantSubject:
    """A compiled variant: its timed build on one thread."""

    offers = frozenset[str](OFFERS)
    leaves_out = frozenset[str]()

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.name = variant.name

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        memory = take.laid_out()
        with ExitStack() as stack, self._replay(take) as replay:
            other = stack.enter_context(self._replay(take)) if take.beside else None
            for start, stop in take.parts():
                if other is not None:
                    other.run(memory.ctypes.data + start * take.stride, take.stride, stop - start)
                replay.run(memory.ctypes.data + start * take.stride, take.stride, stop - start)
                if take.asked:
                    _states(replay, take.books)
                if advance is not None:
                    advance(stop - start)
            stack.close()
            result = replay.finish()
            states = _states(replay, take.books)
        return Observation(states, result.events, result.evaluations, result.anomalies, result.trace)

    def _replay(self, take: Take) -> Replay:
        return Replay(self.variant, evaluate=take.evaluate, observe=False)


def _states(replay: Replay, books: Sequence[Book]) -> dict[Book, State]:
    states = dict.fromkeys(books, State([], [], None))
    for book in replay.books():
        key = (book.instrument_id, book.publisher_id)
        if key in states:
            bids, asks = (
                [(level.price, level.size, level.count, list(level.orders)) for level in book.levels(side)]
                for side in "BA"
            )
            states[key] = State(bids, asks, replay.newest(*key), book.accounts())
    return states


class ForeignSubject:
    """An engine from outside."""

    def __init__(self, engine: ForeignEngine) -> None:
        self.engine = engine
        self.name = engine.name
        self.offers = _words(engine.offers, OFFER_BITS)
        self.leaves_out = _words(engine.leaves_out, LEFT_OUT_BITS)

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        engine = self.engine
        scope = engine.scope(engine.last_stage)
        every = take.evaluate == "every"
        options = Options(stage=STAGES.index(scope.until), evaluate_every=every, workers=1)
        face = engine.start(options)
        memory = take.laid_out()
        try:
            other = engine.start(options) if take.beside else None
            for start, stop in take.parts():
                if other is not None:
                    other.apply(memory.ctypes.data + start * take.stride, take.stride, stop - start)
                face.apply(memory.ctypes.data + start * take.stride, take.stride, stop - start)
                if take.asked:
                    self._states(face, take.books)
                if advance is not None:
                    advance(stop - start)
            if other is not None:
                other.close()
            states = self._states(face, take.books)
            counts = face.counts() if scope.counts or scope.anomalies else None
            trace = face.trace() if scope.trace else None
        finally:
            face.close()
        if counts is None:
            return Observation(states, trace=trace)
        anomalies = dict(zip(ANOMALIES, counts.anomalies, strict=False)) if scope.anomalies else None
        return Observation(states, counts.events, counts.evaluations, anomalies, trace)

    def _states(self, face: Face, books: Sequence[Book]) -> dict[Book, State]:
        return {key: self._state(face, key) for key in books}

    def _state(self, face: Face, key: Book) -> State:
        sides: list[Side] = []
        for side in "BA":
            levels: Side = []
            for price, size, count in face.levels(*key, side, _MOST_LEVELS).tolist():
                orders = face.orders(*key, side, price).tolist() if "queues" in self.offers else []
                levels.append((price, size, count, orders))
            sides.append(levels)
        row = face.features(*key) if "features" in self.offers else None
        ends = face.accounts(*key) if "strategies" in self.offers else None
        accounts = () if ends is None else map(StrategyEnd, STRATEGIES, *zip(*ends.tolist(), strict=True))
        return State(sides[0], sides[1], None if row is None else tuple(map(float, row)), tuple(accounts))


def _words(bits: int, known: Mapping[str, int]) -> frozenset[str]:
    return frozenset(word for word, bit in known.items() if bits & bit)


def subject_of(contestant: Contestant) -> VariantSubject | ForeignSubject:
    """A variant, or an engine from outside, in this process."""
    return ForeignSubject(contestant) if isinstance(contestant, ForeignEngine) else VariantSubject(contestant)


class OracleSubject:
    """The oracle, or one of the same face."""

    offers = frozenset[str](OFFERS)
    leaves_out = frozenset[str]()

    def __init__(self, name: str = "oracle", oracle: type[Oracle] = Oracle) -> None:
        self.name = name
        self._oracle = oracle

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        oracle = self._oracle(take.evaluate, keep_rows=True)
        for start, stop in take.parts():
            oracle.apply(take.records[start:stop])
            if advance is not None:
                advance(stop - start)
        result = oracle.finish()
        newest = {row[1:3]: row[3] for row in oracle.rows}
        accounts = {(end.instrument_id, end.publisher_id): end.strategies for end in result.books}
        states = {}
        for key in take.books:
            book = oracle.book(*key)
            if book is None:
                states[key] = State([], [], None)
            else:
                features = newest.get(key, (float("nan"),) * len(FEATURES))
                states[key] = State(book.levels(BID), book.levels(ASK), features, accounts[key])
        return Observation(states, result.events, result.evaluations, result.anomalies, result.trace)
