"""Opens what a user names as a feed: DBN files, told by their content, and synthetic feeds."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.errors import UsageError
from lobench.engine.feeds.base import Feed
from lobench.engine.feeds.chain import ChainedFeed
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.kinds import Kind, kind_of
from lobench.engine.feeds.plain import DbnFeed

SYNTHETIC = "synth:"


def open_feed(specs: Sequence[str]) -> Feed:
    """One feed of everything that ``specs`` name, in their order.

    A spec is the path of a ``.dbn`` or ``.dbn.zst`` file, or ``synth:NAME[,n=...][,seed=...][,anomalies=...]``. The
    headers are checked here, so bad ones fail before any work is done: raises ``FeedError`` for bad files,
    ``UsageError`` where there is no spec or no such synthetic feed.
    """
    if not specs:
        raise UsageError("no feed was named: name DBN files or synth:NAME")
    feeds = [_open(spec) for spec in specs]
    return feeds[0] if len(feeds) == 1 else ChainedFeed(feeds)


def _open(spec: str) -> Feed:
    if spec.startswith(SYNTHETIC):
        from lobench.engine.synthetic import open_synthetic

        return open_synthetic(spec)
    return open_file(spec)


def open_file(path: str, mapping: str | None = None) -> Feed:
    """The feed of one file, told by its content; ``mapping`` says how to read a table. Raises ``FeedError``."""
    source = SourceFile(path)
    kind = kind_of(source)
    if kind is Kind.DBN:
        return DbnFeed(source)
    if kind is Kind.DBN_ZSTD:
        from lobench.engine.feeds.compressed import DbnZstFeed

        return DbnZstFeed(source)
    # pyarrow takes a while to load.
    from lobench.engine.feeds.tables.feed import open_table

    return open_table(source, parquet=kind is Kind.PARQUET, mapping=mapping)
