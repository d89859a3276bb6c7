"""Features and books from Python: rows, features, book, replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from os import fspath
from typing import TYPE_CHECKING

import pyarrow as pa

from lobench._feeds import FeedLike, PathLikes, Progress, advancing, path_of, source_of
from lobench.engine.errors import UsageError
from lobench.engine.feeds import Feed
from lobench.engine.feeds.settings import time_of
from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.engine.workload import Workload
from lobench.variants import compiled
from lobench.workbench.as_of import BookView, Moment, Which, book_as_of
from lobench.workbench.console import quiet
from lobench.workbench.ladder import known_with
from lobench.workbench.replaying.driving import replay_feed
from lobench.workbench.replaying.outcome import ReplayOutcome
from lobench.workbench.replaying.request import Request, check_request
from lobench.workbench.rows.chosen import chosen_features
from lobench.workbench.rows.sample import parse_sample
from lobench.workbench.rows.stream import RowStream, Wanted
from lobench.workbench.selection import named_or_last
from lobench.workbench.tuning.picking import pick

if TYPE_CHECKING:
    from lobench.workbench.rows.sample import Sample


class ReplayInterrupted(KeyboardInterrupt):
    """A replay was interrupted; ``outcome`` has its results so far and the files of its rows."""

    def __init__(self, outcome: ReplayOutcome) -> None:
        super().__init__(outcome.interrupted())
        self.outcome = outcome


def rows(
    feed: FeedLike,
    *,
    features: bool = True,
    columns: str | Sequence[str] | None = None,
    depth: int = 0,
    sample: str | None = None,
    evaluate: str = "last",
    variant: str | None = None,
    variants_from: Sequence[PathLikes] = (),
    tuning: PathLikes | None = None,
    workers: int = 1,
    strict: bool = False,
    progress: Progress = False,
) -> RowStream:
    """Replay a feed and iterate its evaluations as Arrow record batches while it is read.

    A row is one evaluation: ``ts_event``, ``instrument_id``, ``publisher_id``, ``symbol``, then ``features`` (all 24,
    or those of ``columns``) and the ``depth`` best levels of the book (``bid_px_00`` …). ``sample``: ``1s``, ``100ms``,
    ``1000e``, ``10000v``, ``trade`` or ``bbo`` (docs/python.md). polars, duckdb, pandas and pyarrow accept the returned
    stream directly; batches own their memory.

    Raises FeedError for bad data, UsageError for invalid arguments, StrictError at an anomaly with ``strict``.

    >>> import lobench
    >>> stream = lobench.rows("synth:liquid-future,n=20000", columns="mid_price,spread_absolute", depth=1)
    >>> stream.schema.names[4:8]
    ['mid_price', 'spread_absolute', 'bid_px_00', 'ask_px_00']
    >>> sum(batch.num_rows for batch in stream) == stream.result.evaluations
    True
    """
    source = source_of(feed)
    wanted = Wanted(
        features=chosen_features(columns) if features else [],
        depth=depth,
        sample=_sample(sample),
        evaluate=evaluate,
        workers=workers,
        strict=strict,
    )
    own = _own(source.feed, variant, variants_from, tuning)
    return RowStream(source.feed, own, wanted, lambda: advancing(progress, own.name, source.expected))


def features(
    feed: FeedLike,
    *,
    columns: str | Sequence[str] | None = None,
    depth: int = 0,
    sample: str | None = None,
    evaluate: str = "last",
    variant: str | None = None,
    variants_from: Sequence[PathLikes] = (),
    tuning: PathLikes | None = None,
    workers: int = 1,
    strict: bool = False,
    progress: Progress = False,
) -> pa.Table:
    """All rows as one table in memory: ``.to_pandas()``, or ``polars.from_arrow(...)``. See ``rows``.

    >>> import lobench
    >>> table = lobench.features("synth:liquid-future,n=20000", sample="1000e", columns=["mid_price"])
    >>> table.schema.names
    ['ts_event', 'instrument_id', 'publisher_id', 'symbol', 'mid_price']
    >>> 15 < table.num_rows < 25
    True
    """
    return rows(
        feed,
        columns=columns,
        depth=depth,
        sample=sample,
        evaluate=evaluate,
        variant=variant,
        variants_from=variants_from,
        tuning=tuning,
        workers=workers,
        strict=strict,
        progress=progress,
    ).read_all()


def book(
    feed: FeedLike,
    *,
    at: str | int | datetime | None = None,
    event: int | None = None,
    symbol: str | None = None,
    instrument: int | None = None,
    publisher: int | None = None,
    depth: int = 10,
    variant: str | None = None,
) -> BookView:
    """One book with its ``depth`` best levels: as of a time (``2024-05-08T13:30:00``, nanoseconds, a datetime; records
    up to then by ``ts_event``), after the first ``event`` records of the feed, or at its end.

    ``symbol``, ``instrument`` and ``publisher`` select a book if the feed has several. Raises UsageError unless they
    match exactly one.

    >>> import lobench
    >>> found = lobench.book("synth:liquid-future,n=5000", event=4000, depth=3)
    >>> len(found.bids), found.bids[0].price < found.asks[0].price, found.feed_events
    (3, True, 4000)
    """
    source = source_of(feed)
    moment = Moment(at=None if at is None else _nanoseconds(at), event=event)
    which = Which(instrument=instrument, symbol=symbol, publisher=publisher)
    return book_as_of(source.feed, _own(source.feed, variant, (), None), moment, which, depth)


def replay(
    feed: FeedLike,
    *,
    variant: str | None = None,
    features: PathLikes | None = None,
    columns: str | Sequence[str] | None = None,
    book: PathLikes | None = None,
    depth: int | None = None,
    sample: str | None = None,
    compression: str | None = None,
    force: bool = False,
    evaluate: str = "last",
    until: str = "strategies",
    workers: int = 1,
    strict: bool = False,
    counters: bool = False,
    digests: bool = False,
    variants_from: Sequence[PathLikes] = (),
    tuning: PathLikes | None = None,
    progress: Progress = False,
) -> ReplayOutcome:
    """Replay a feed and write rows to files: ``lobench replay``. Returns the results and the speed.

    An interrupt raises ReplayInterrupted, a KeyboardInterrupt; rows written so far are kept. Raises FeedError,
    UsageError, StrictError, and LobenchError if a file cannot be written.

    >>> import lobench
    >>> outcome = lobench.replay("synth:liquid-future,n=20000")
    >>> outcome.events, len(outcome.books), outcome.complete
    (20000, 1, True)
    """
    source = source_of(feed)
    request = Request(
        workload=Workload(evaluate=evaluate, until=until, files=tuple(fspath(path) for path in variants_from)),
        workers=workers,
        strict=strict,
        counters=counters,
        digests=digests,
        features=path_of(features),
        columns=None if columns is None else chosen_features(columns),
        book=None if book is None else fspath(book),
        depth=depth,
        sample=_sample(sample),
        compression=compression,
        force=force,
    )
    check_request(request, [word for word in source.words if not word.startswith("--")])
    chosen = _chosen(variant, variants_from)
    picked = pick(source.feed, None if tuning is None else fspath(tuning), [chosen])

    @contextmanager
    def shown(feed: Feed) -> Iterator[Callable[[int], object]]:
        with advancing(progress, chosen.name, feed.expected) as advance:
            yield advance

    with quiet(progress is not True):
        outcome = replay_feed(source.feed, chosen, request, picked, shown)
    if outcome.signal:
        raise ReplayInterrupted(outcome)
    return outcome


def _chosen(variant: str | None, files: Sequence[PathLikes]) -> Contestant:
    return named_or_last(variant, known_with([fspath(path) for path in files]))


def _own(feed: Feed, variant: str | None, files: Sequence[PathLikes], tuning: PathLikes | None) -> Variant:
    """One of lobench's own variants, tuned for the feed."""
    own = compiled(_chosen(variant, files))
    picked = pick(feed, None if tuning is None else fspath(tuning), [own])
    return own.fitted(picked.parameters if picked else None)


def _sample(text: str | None) -> Sample | None:
    return None if text is None else parse_sample(text)


def _nanoseconds(at: str | int | datetime) -> int:
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise UsageError(f"at: {at} has no time zone; add one, such as datetime.timezone.utc")
        since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
    return time_of("at", str(at))
