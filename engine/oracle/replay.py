"""The replay loop: each record through rules, trackers, context, evaluation and batch boundary."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.errors import UsageError
from lobench.engine.oracle import digest
from lobench.engine.oracle.book import Book, Record
from lobench.engine.oracle.context import Instrument
from lobench.engine.oracle.features import compute
from lobench.engine.oracle.strategies import Strategies
from lobench.engine.oracle.trackers import Trackers
from lobench.engine.records import ASK, BATCH, BID, F_LAST, F_SNAPSHOT, UNDEF_PRICE
from lobench.engine.result import BookEnd, Digests, Result

Row = tuple[int, int, int, tuple[float, ...]]
"""ts_event, instrument_id, publisher_id, the 24 features of one evaluation."""


class _Desk:
    """A book with its trackers, strategies and hashes."""

    def __init__(self, book: Book, instrument: Instrument) -> None:
        self.book = book
        self.instrument = instrument
        self.key = digest.book_key(book.instrument_id, book.publisher_id)
        self.trackers = Trackers()
        self.strategies = Strategies()
        self.h_features = 0
        self.h_strategies = 0
        self.trace = 0
        self._h_books = 0
        self._sampled = 0

    def evaluate(self) -> tuple[float, ...]:
        """The features as of the last event, traded upon and hashed."""
        features = compute(self.book, self.trackers)
        self.trackers.previous.update(self.book)
        self.h_features = digest.fold(self.h_features, digest.features_value(features))
        signals = self.strategies.evaluate(features, self.instrument)
        self.trace += digest.row_trace(self.key, self.book.n, self._quotes(), features, signals)
        accounts = ((account.position, account.cash, account.equity) for account in self.strategies.accounts)
        self.h_strategies = digest.fold(self.h_strategies, digest.strategies_value(accounts))
        return features

    def _quotes(self) -> tuple[int, ...]:
        """Price and size of the best bid and the best ask; an undefined price and 0 for an empty side."""
        found: list[int] = []
        for side in (BID, ASK):
            best = next(iter(self.book.sides[side]), None)
            found += (UNDEF_PRICE, 0) if best is None else (best.price, best.size)
        return tuple(found)

    def h_books(self) -> int:
        """The hash of the book's present state, if it had an event since the last ``sample``."""
        if self.book.n == self._sampled:
            return self._h_books
        return digest.fold(self._h_books, digest.book_state(self.book))

    def sample(self) -> None:
        self._h_books = self.h_books()
        self._sampled = self.book.n

    def end(self) -> BookEnd:
        book = self.book
        return BookEnd(
            instrument_id=book.instrument_id,
            publisher_id=book.publisher_id,
            events=book.n,
            orders=len(book.orders),
            bid_levels=len(book.sides[BID]),
            ask_levels=len(book.sides[ASK]),
            best_bid=book.best_price(BID),
            best_ask=book.best_price(ASK),
            strategies=self.strategies.end(),
        )


class Oracle:
    """Replays one feed, handed over in any number of pieces.

    ``evaluate``: "last" (events' last records, outside snapshots) or "every" record; anything else is a ``UsageError``.
    ``keep_rows``: collect the features of every evaluation in ``rows``. ``traces``: the running trace at every batch
    boundary. ``lookups`` counts searches for an order by its
    id, ``walk`` the orders which those would look at if they searched from the front of the order's queue.
    """

    def __init__(self, evaluate: str = "last", keep_rows: bool = False) -> None:
        if evaluate not in ("last", "every"):
            raise UsageError(f"evaluate: {evaluate!r} is neither 'last' nor 'every'")
        self.rows: list[Row] = []
        self.traces: list[int] = []
        self.walk = 0
        self.lookups = 0
        self._every = evaluate == "every"
        self._keep_rows = keep_rows
        self._events = 0
        self._evaluations = 0
        self._anomalies = dict.fromkeys(ANOMALIES, 0)
        self._desks: dict[tuple[int, int], _Desk] = {}
        self._instruments: dict[int, Instrument] = {}
        self._samples: list[tuple[int, int, int]] = []

    def apply(self, records: npt.NDArray[np.void]) -> None:
        """Replay the next records of the feed: dtype ``lobench.engine.records.MBO``, shape (count,), any stride."""
        for record in _rows(records):
            self._event(record)

    def finish(self) -> Result:
        """The outcome so far, as if the feed ended here. More records may follow."""
        desks = [self._desks[key] for key in sorted(self._desks)]
        return Result(
            events=self._events,
            evaluations=self._evaluations,
            anomalies=dict(self._anomalies),
            books=tuple(desk.end() for desk in desks),
            digests=Digests(*self._digests()),
            samples=np.array(self._samples, np.uint64).reshape(-1, 3),
            trace=self._trace(),
        )

    def book(self, instrument_id: int, publisher_id: int) -> Book | None:
        """The present state of a book, None if no record named it."""
        desk = self._desks.get((instrument_id, publisher_id))
        return None if desk is None else desk.book

    def instrument(self, instrument_id: int) -> Instrument | None:
        """An instrument's context as of the last event, None where no record named it."""
        return self._instruments.get(instrument_id)

    def _event(self, record: Record) -> None:
        desk = self._desk(record.instrument_id, record.publisher_id)
        effect = desk.book.apply(record)
        for anomaly in effect.anomalies:
            self._anomalies[anomaly] += 1
        self.lookups += effect.lookups
        self.walk += effect.walk
        desk.trackers.update(desk.book, record, effect)
        desk.instrument.update(record, effect)
        if self._every or (record.flags & F_LAST and not record.flags & F_SNAPSHOT):
            features = desk.evaluate()
            self._evaluations += 1
            if self._keep_rows:
                self.rows.append((record.ts_event, record.instrument_id, record.publisher_id, features))
        self._events += 1
        if self._events % BATCH == 0:
            for any_desk in self._desks.values():
                any_desk.sample()
            self._samples.append(self._digests())
            self.traces.append(self._trace())

    def _desk(self, instrument_id: int, publisher_id: int) -> _Desk:
        key = (instrument_id, publisher_id)
        if key not in self._desks:
            instrument = self._instruments.setdefault(instrument_id, Instrument())
            book = Book(instrument_id, publisher_id)
            instrument.books.append(book)
            self._desks[key] = _Desk(book, instrument)
        return self._desks[key]

    def _trace(self) -> int:
        return sum(desk.trace for desk in self._desks.values()) & digest.MASK

    def _digests(self) -> tuple[int, int, int]:
        desks = self._desks.values()
        return (
            digest.combine((desk.key, desk.h_books()) for desk in desks),
            digest.combine((desk.key, desk.h_features) for desk in desks),
            digest.combine((desk.key, desk.h_strategies) for desk in desks),
        )


def _rows(records: npt.NDArray[np.void]) -> Iterator[Record]:
    """The records as Python integers."""
    columns = (records[name].tolist() for name in Record._fields)
    return (Record(*row) for row in zip(*columns, strict=True))
