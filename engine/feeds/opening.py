"""Opens what a user names as a feed: DBN files, told by their content, and synthetic feeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lobench.engine.errors import FeedError, UsageError
from lobench.engine.feeds.base import Feed
from lobench.engine.feeds.chain import ChainedFeed
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.header import found
from lobench.engine.feeds.kinds import SNIFFED, is_dbn, is_zstd
from lobench.engine.feeds.plain import DbnFeed

if TYPE_CHECKING:
    from lobench.engine.feeds.compressed import DbnZstFeed

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


def open_file(path: str) -> DbnFeed | DbnZstFeed:
    """The feed of one DBN file, compressed or not. Raises ``FeedError``."""
    source = SourceFile(path)
    with source.open() as file:
        start = file.read(SNIFFED)
    if is_dbn(start):
        return DbnFeed(source)

    from lobench.engine.feeds import zstd_frames
    from lobench.engine.feeds.compressed import DbnZstFeed

    if zstd_frames.is_skippable(start) and start[8:11] == b"DBZ":
        raise FeedError(
            source.name, 8, "legacy DBZ data, not DBN; convert it to DBN with Databento's dbn tool or download it again"
        )
    if is_zstd(start):
        return DbnZstFeed(source)
    raise FeedError(source.name, 0, f'expected a DBN file ("DBN") or a zstd-compressed one, found {found(start)}')
