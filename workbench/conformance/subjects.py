"""Whatever can replay records and be asked what came of them, behind one face."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.policy import Variant
from lobench.engine.records import ASK, BID
from lobench.engine.replay import Replay
from lobench.workbench.conformance.observation import Book, Observation
from lobench.workbench.conformance.rule import OFFERS, Rule
from lobench.workbench.conformance.stream import books_of, made, scramble
from lobench.workbench.verification.machines import State


@dataclass(frozen=True)
class Take:
    """What is replayed: records (dtype ``MBO``), in which calls, and which books are asked for at the end.

    ``calls``: numbers of records of the calls, the last of which takes the rest. ``asked``: the books are asked for
    between calls, too.
    """

    records: npt.NDArray[np.void]
    books: Sequence[Book]
    evaluate: str = "last"
    calls: tuple[int, ...] = ()
    stride: int = 56
    asked: bool = False

    @classmethod
    def of(cls, rule: Rule) -> Take:
        books = list(dict.fromkeys([*books_of(rule.stream), *(shown.book for shown in rule.shows)]))
        records = made(rule.stream)
        if rule.scrambled:
            scramble(records)
        return cls(records, books, rule.evaluate, rule.calls, rule.stride, rule.asked)

    def first(self, count: int) -> Take:
        """The same of the first ``count`` records."""
        return replace(self, records=self.records[:count])

    def one_by_one(self) -> Take:
        return replace(self, calls=(1,) * len(self.records))

    def in_one_call(self) -> Take:
        return replace(self, calls=(), stride=56, asked=False)

    def laid_out(self) -> npt.NDArray[np.uint8]:
        """The records ``stride`` bytes apart, with rubbish between them; aligned to 8 bytes."""
        count = len(self.records)
        room = np.full((count * self.stride + 7) // 8, 0xA5A5A5A5A5A5A5A5, np.uint64).view(np.uint8)
        parts = room[: count * self.stride].reshape(count, self.stride)
        parts[:, : self.records.itemsize] = np.ascontiguousarray(self.records).view(np.uint8).reshape(count, -1)
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
        """Replay from empty books, then ask. ``advance`` is told of the records of every call that is done."""
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
        with Replay(self.variant, evaluate=take.evaluate, observe=False) as replay:
            for start, stop in take.parts():
                replay.run(memory.ctypes.data + start * take.stride, take.stride, stop - start)
                if take.asked:
                    _states(replay, take.books)
                if advance is not None:
                    advance(stop - start)
            result = replay.finish()
            states = _states(replay, take.books)
        return Observation(states, result.events, result.evaluations, result.anomalies, result.trace)


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
