"""The signatures of the functions that policies supply, one Protocol each; ``engine.policy`` assigns them to policies.

A function has the parameter names of its Protocol. ``state``: the worker's ``STATE`` record; ``probe``: the counters of
mechanisms, None in a build without them; ``tap``: the output of evaluations, None in a build without it. All addresses
and integers are int64. Records of the feed are handled in batches; a worker's *turns* are its own records of a batch,
in the order in which it handles them.
"""

from __future__ import annotations

from typing import Protocol

from lobench.engine.native import Record


class Finish(Protocol):
    """Free all memory: the replay ends."""

    def __call__(self, state: Record) -> None: ...


# Events


class Load(Protocol):
    """Make ``count`` records from ``address`` on, ``stride`` bytes apart, ready."""

    def __call__(self, state: Record, address: int, stride: int, count: int, probe: Record) -> None: ...


class At(Protocol):
    """Address of record ``index`` of those that are ready, one that this worker handles."""

    def __call__(self, state: Record, address: int, stride: int, index: int) -> int: ...


class Release(Protocol):
    """The record has been handled."""

    def __call__(self, state: Record, event_address: int) -> None: ...


# Context


class CreateContext(Protocol):
    """Address of the data shared by all workers; it begins with the read-write lock of the quotes. 0: nothing is
    shared, nothing locked."""

    def __call__(self) -> int: ...


class DestroyContext(Protocol):
    """Free everything that was created and all contents from books."""

    def __call__(self, context: int) -> None: ...


class AddBook(Protocol):
    """A book's feature store comes."""

    def __call__(self, state: Record, book: Record, probe: Record) -> None: ...


class DropBook(Protocol):
    """A book's feature store goes."""

    def __call__(self, state: Record, book: Record) -> None: ...


class PutInstrument(Protocol):
    """The instrument's record holds something new: a BBO, or a trade."""

    def __call__(self, state: Record, instrument: Record, probe: Record) -> None: ...


class BookRow(Protocol):
    """Address where a book's features are computed: where they are kept, or ``scratch``."""

    def __call__(self, state: Record, book: Record, scratch: int) -> int: ...


class PutFeatures(Protocol):
    """The doubles at address ``row`` are the book's newest features."""

    def __call__(self, state: Record, book: Record, row: int, probe: Record) -> None: ...


class BookFeature(Protocol):
    """One feature of the strategy's own book."""

    def __call__(self, state: Record, book: Record, index: int, probe: Record) -> float: ...


class InstrumentValue(Protocol):
    """A double about an instrument: ``mid``, (bid + ask) / 2e9 of its BBO, NaN if a side is empty; ``trade_mean``, mean
    of its last 64 trade prices, NaN before the 64th."""

    def __call__(self, state: Record, instrument: Record, probe: Record) -> float: ...


class InstrumentBest(Protocol):
    """(bid, ask): prices of the instrument's BBO, ``UNDEF_PRICE`` for an empty side."""

    def __call__(self, state: Record, instrument: Record, probe: Record) -> tuple[int, int]: ...


# Feature store


class StoreStep(Protocol):
    """Turn zeroed memory into an empty store; or free the store's own allocations."""

    def __call__(self, store: int) -> None: ...


class StoreRow(Protocol):
    """Address where features may be computed: the place where they are kept, or ``scratch``."""

    def __call__(self, store: int, scratch: int) -> int: ...


class StorePut(Protocol):
    """Keep all features, doubles at address ``row``, which may be the store's own."""

    def __call__(self, store: int, row: int, probe: Record) -> None: ...


class StoreGet(Protocol):
    """Feature number ``index``."""

    def __call__(self, store: int, index: int, probe: Record) -> float: ...


# Lookup


class FindOrder(Protocol):
    """Address of the order, 0 if none rests."""

    def __call__(self, book: Record, order_id: int, probe: Record) -> int: ...


class NoteOrder(Protocol):
    """A new order, already in its level's queue; or one that is now in another level's queue."""

    def __call__(self, book: Record, order: int, probe: Record) -> None: ...


class EraseOrder(Protocol):
    """An order that no longer rests."""

    def __call__(self, book: Record, order_id: int, probe: Record) -> None: ...


# Memory


class New(Protocol):
    """Address of a new order, level or book."""

    def __call__(self, state: Record, probe: Record) -> int: ...


class FreeOrder(Protocol):
    def __call__(self, state: Record, order: int) -> None: ...


class FreeLevel(Protocol):
    def __call__(self, state: Record, level: int) -> None: ...


class Reserve(Protocol):
    """Before each batch of ``count`` records; each makes at most one order and one level. Also at the beginning of each
    call, with a ``count`` of 0."""

    def __call__(self, state: Record, count: int, probe: Record) -> None: ...


class NewBlock(Protocol):
    """Address of zeroed memory that lives as long as its book."""

    def __call__(self, state: Record, size: int, probe: Record) -> int: ...


class FreeBlock(Protocol):
    """A book, its accounts, its feature store."""

    def __call__(self, state: Record, block: int) -> None: ...


class Held(Protocol):
    """Bytes allocated for this many resting orders and levels."""

    def __call__(self, state: Record, orders: int, levels: int) -> int: ...


# Layout


class Split(Protocol):
    """List the batch's records that are this worker's, in any order that keeps those of an instrument in the feed's
    (``engine.shards.split``: in the feed's); returns how many turns that makes."""

    def __call__(self, state: Record, address: int, stride: int, count: int) -> int: ...


class Longest(Protocol):
    """How many of the next ``count`` records may be handled in one go where nothing observes the ends of batches:
    ``BATCH``, for ``Split``, or a multiple of it, for ``TakeCopies``."""

    def __call__(self, state: Record, count: int) -> int: ...


class TakeCopies(Protocol):
    """Copy those of the next ``count`` records that are this worker's, one to each cache line, in any order that keeps
    those of an instrument in the feed's; returns the address of the copies and how many turns that makes.
    ``state["listed"]`` becomes 0."""

    def __call__(self, state: Record, address: int, stride: int, count: int) -> tuple[int, int]: ...


class LookAhead(Protocol):
    """Before the record of turn ``turn`` of ``count`` in this batch."""

    def __call__(self, state: Record, address: int, stride: int, turn: int, count: int, probe: Record) -> None: ...


class FindBook(Protocol):
    """Address of the event's book, 0 if it does not exist yet."""

    def __call__(self, state: Record, event: Record, turn: int) -> int: ...


class WithBook(Protocol):
    """The book is open now; or it goes, with all its orders."""

    def __call__(self, state: Record, book_address: int) -> None: ...


class Apply(Protocol):
    """The book rules for one record that ``changes_book`` (``engine.actions``)."""

    def __call__(self, state: Record, book_address: int, event: Record, probe: Record) -> None: ...


class Follow(Protocol):
    """After a record that changes the book: queue positions, and the instrument's BBO if strategies are to see it."""

    def __call__(self, state: Record, book_address: int, instrument: Record, probe: Record) -> None: ...


class BestPrice(Protocol):
    """Best price of a side, NaN for an empty one."""

    def __call__(self, book: Record, which: int) -> float: ...


class Best(Protocol):
    """(price, size) of the best level as integers, ``UNDEF_PRICE`` and 0 for an empty side."""

    def __call__(self, book: Record, which: int) -> tuple[int, int]: ...


class ReadSide(Protocol):
    """The best levels as doubles, to one side of ``INPUTS``."""

    def __call__(self, book: Record, which: int, levels: Record) -> None: ...


class AppendSide(Protocol):
    """The best levels as integers, to row ``place`` of one side's columns, ``UNDEF_PRICE`` and 0 for missing ones;
    returns (price, size) of the best."""

    def __call__(self, book: Record, which: int, columns: Record, place: int) -> tuple[int, int]: ...


class WriteLevels(Protocol):
    """The best ``depth`` levels as ``OUTPUT_LEVEL`` records."""

    def __call__(self, book: Record, address: int, depth: int) -> None: ...


class Arrange(Protocol):
    """Before any ``book_value`` of all books, or of those that are ``dirty``."""

    def __call__(self, state: Record, dirty: bool) -> None: ...


class BookValue(Protocol):
    """Digest of a book's state, uint64."""

    def __call__(self, book: Record) -> int: ...


class Measure(Protocol):
    """Add the memory of books to a ``MEMORY`` record."""

    def __call__(self, state: Record, total: Record) -> None: ...


# Shape


class Prepare(Protocol):
    """Before the first record of a call."""

    def __call__(self, state: Record) -> None: ...


class Evaluate(Protocol):
    """The book, in its state after record number ``record`` of the feed, must be evaluated."""

    def __call__(
        self, state: Record, record: int, book_address: int, event: Record, tap: Record, probe: Record
    ) -> None: ...


class Flush(Protocol):
    """Complete every evaluation asked for; before each batch boundary and at the end of each call."""

    def __call__(self, state: Record, tap: Record, probe: Record) -> None: ...
