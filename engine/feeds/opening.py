"""Opens what a user names as a feed: files, told by their content, and synthetic feeds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date

from lobench.engine.errors import UsageError
from lobench.engine.feeds.base import Feed
from lobench.engine.feeds.chain import ChainedFeed
from lobench.engine.feeds.dates import parse_date
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.kinds import Kind, kind_of
from lobench.engine.feeds.plain import DbnFeed

SYNTHETIC = "synth:"
DATE = ",date="
"""Between a path and the day that its file's times belong to."""


def open_feed(specs: Sequence[str]) -> Feed:
    """One feed of everything that ``specs`` name, in their order.

    A spec is the path of a file of DBN, ITCH or LOBSTER, plain or compressed, or
    ``synth:NAME[,n=...][,seed=...][,anomalies=...]``. ``,date=2019-01-30`` after a path gives the day of a file whose
    times count from midnight. The headers are checked here, so bad ones fail before any work is done: raises
    ``FeedError`` for bad files, ``UsageError`` where there is no spec or no such synthetic feed.
    """
    if not specs:
        raise UsageError("no feed was named: name DBN files or synth:NAME")
    feeds = [_open(spec) for spec in specs]
    return feeds[0] if len(feeds) == 1 else ChainedFeed(feeds)


def _open(spec: str) -> Feed:
    if spec.startswith(SYNTHETIC):
        from lobench.engine.synthetic import open_synthetic

        return open_synthetic(spec)
    day = _day_of(spec)
    return open_file(path_of(spec), day=parse_date(day) if day else None)


def dated(spec: str, day: str) -> str:
    """A spec with the day of its times, unless it is synthetic or says one."""
    return spec if spec.startswith(SYNTHETIC) or _day_of(spec) else f"{spec}{DATE}{day}"


def path_of(spec: str) -> str:
    """The path that a spec which is not synthetic names."""
    return spec.rpartition(DATE)[0] if _day_of(spec) else spec


def _day_of(spec: str) -> str:
    """The day that a spec says after its path, or nothing."""
    return "" if DATE not in spec or os.path.exists(spec) else spec.rpartition(DATE)[2]


def open_file(path: str, mapping: str | None = None, day: date | None = None) -> Feed:
    """The feed of one file, told by its content. Raises ``FeedError``.

    ``mapping`` says how to read a table, ``day`` is that of times which count from midnight.
    """
    source = SourceFile(path)
    kind = kind_of(source)
    if kind is Kind.DBN:
        return DbnFeed(source)
    if kind is Kind.DBN_ZSTD:
        from lobench.engine.feeds.compressed import DbnZstFeed

        return DbnZstFeed(source)
    if kind is Kind.ITCH:
        from lobench.engine.feeds.itch.feed import ItchFeed

        return ItchFeed(source, day)
    # pyarrow takes a while to load.
    if kind is Kind.LOBSTER:
        from lobench.engine.feeds.lobster.feed import LobsterFeed

        return LobsterFeed(source, day)
    from lobench.engine.feeds.tables.feed import open_table

    return open_table(source, parquet=kind is Kind.PARQUET, mapping=mapping)
