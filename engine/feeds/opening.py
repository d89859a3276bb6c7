"""Opens a named feed: files, detected by content, and synthetic feeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lobench.engine.errors import UsageError
from lobench.engine.feeds.base import Feed
from lobench.engine.feeds.chain import ChainedFeed
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.kinds import Kind, kind_of
from lobench.engine.feeds.plain import DbnFeed
from lobench.engine.feeds.selection import SelectedFeed, read_names
from lobench.engine.feeds.settings import Settings, split
from lobench.engine.feeds.spooled import STANDARD_INPUT, is_remote, spooled

SYNTHETIC = "synth:"


def open_feed(specs: Sequence[str]) -> Feed:
    """One feed of all ``specs``, in their order.

    A spec is the path of a file, ``-`` for standard input, a remote object for ``fsspec`` (``s3://...``),
    ``synth:NAME[,n=...][,seed=...][,anomalies=...]``, or a setting for reading all of them (``feeds.settings``).
    Headers are checked here, so bad ones fail before any work: raises ``FeedError`` for bad files, ``UsageError``
    without a spec, or for an unknown synthetic feed.
    """
    words, settings = split(specs)
    if not words:
        raise UsageError("no feed given; name files or synth:NAME")
    names = read_names(settings.names) if settings.names else {}
    feeds = [_open(spec, settings) for spec in words]
    feed = feeds[0] if len(feeds) == 1 else ChainedFeed(feeds)
    return feed if settings.selection.whole and not names else SelectedFeed(feed, settings.selection, names)


def _open(spec: str, settings: Settings) -> Feed:
    if spec.startswith(SYNTHETIC):
        from lobench.engine.synthetic import open_synthetic

        return open_synthetic(spec)
    return open_file(spec, settings.mapping, settings.day)


def open_file(path: str, mapping: str | None = None, day: date | None = None) -> Feed:
    """The feed of one file, by its content. Raises ``FeedError``.

    ``mapping`` defines the columns of a table, ``day`` is the date of times that count from midnight.
    """
    copied = path == STANDARD_INPUT or is_remote(path)
    source = SourceFile(spooled(path), path) if copied else SourceFile(path)
    kind = kind_of(source)
    if kind is Kind.DBN:
        return DbnFeed(source)
    if kind is Kind.DBN_ZSTD:
        from lobench.engine.feeds.compressed import DbnZstFeed

        return DbnZstFeed(source)
    if kind is Kind.ITCH:
        from lobench.engine.feeds.itch.feed import ItchFeed

        return ItchFeed(source, day)
    # Imported here: pyarrow loads slowly.
    if kind is Kind.LOBSTER:
        from lobench.engine.feeds.lobster.feed import LobsterFeed

        return LobsterFeed(source, day)
    from lobench.engine.feeds.tables.feed import open_table

    return open_table(source, parquet=kind is Kind.PARQUET, mapping=mapping)
