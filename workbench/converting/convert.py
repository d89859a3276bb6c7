"""A feed into a file of one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import Feed
from lobench.workbench.converting.files import Source, check_ending, writing
from lobench.workbench.converting.schemas import SCHEMAS, Schema

Advance = Callable[[int], object]
"""Called with the number of records read, run by run."""


def convert(
    feed: Feed, path: str, schema: Schema, *, raw: bool = False, events: bool = False, advance: Advance | None = None
) -> int:
    """Write ``feed`` to ``path``, whose ending gives the format; returns the number of rows. ``events``: rows of mbp-10
    and mbp-1 are of whole events.

    A feed that learns its names while it is read is read twice if the file begins with them. Raises errors of the feed,
    UsageError for the ending, LobenchError if the file cannot be written.
    """
    check_ending(path)
    names = _symbols(feed, early=not path.endswith(".parquet"))
    source = Source(names, getattr(feed, "metadata", None))
    written = 0
    with writing(path, schema, source, raw=raw) as writer:
        for rows in _rows(feed, schema, events, advance or (lambda records: None)):
            writer.write(rows)
            written += len(rows)
        if not written:
            writer.write(schema.empty(0))
    return written


def _symbols(feed: Feed, *, early: bool) -> Callable[[], Mapping[int, str]]:
    if early and getattr(feed, "learns_symbols", False):
        for _ in feed:
            pass
        known = dict(feed.symbols)
        return lambda: known
    return lambda: feed.symbols


def _rows(feed: Feed, schema: Schema, events: bool, advance: Advance) -> Iterator[npt.NDArray[np.void]]:
    """Records of the schema, in runs."""
    if schema.name == "mbo":
        yield from _records(feed, advance)
    elif schema.name == "trades":
        from lobench.workbench.converting.trades import trades

        yield from trades(_records(feed, advance), schema)
    else:
        from lobench.workbench.converting.books import book_rows
        from lobench.workbench.converting.intervals import LENGTHS, last_of_intervals

        if schema.name in LENGTHS:
            rows = book_rows(feed, SCHEMAS["mbp-1"], advance, merged=False)
            yield from last_of_intervals(rows, schema)
        else:
            yield from book_rows(feed, schema, advance, events=events)


def _records(feed: Feed, advance: Advance) -> Iterator[npt.NDArray[np.void]]:
    for chunk in feed:
        records = chunk.array()
        if chunk.stride != records.dtype.itemsize:
            records = records.copy()
            records["length"] = records.dtype.itemsize // 4  # without ts_out
        yield records
        advance(chunk.count)
