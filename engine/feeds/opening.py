"""Opens what a user names as a feed: files, told by their content, and synthetic feeds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from lobench.engine.errors import FeedError, UsageError
from lobench.engine.feeds.base import Feed
from lobench.engine.feeds.chain import ChainedFeed
from lobench.engine.feeds.dates import parse_date
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.header import found
from lobench.engine.feeds.kinds import SNIFFED, is_dbn
from lobench.engine.feeds.plain import DbnFeed

if TYPE_CHECKING:
    from lobench.engine.feeds.compressed import DbnZstFeed
    from lobench.engine.feeds.itch.feed import ItchFeed
    from lobench.engine.feeds.lobster.feed import LobsterFeed

    FileFeed: TypeAlias = DbnFeed | DbnZstFeed | ItchFeed | LobsterFeed

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
    return open_file(path_of(spec), parse_date(day) if day else None)


def dated(spec: str, day: str) -> str:
    """A spec with the day of its times, unless it is synthetic or says one."""
    return spec if spec.startswith(SYNTHETIC) or _day_of(spec) else f"{spec}{DATE}{day}"


def path_of(spec: str) -> str:
    """The path that a spec which is not synthetic names."""
    return spec.rpartition(DATE)[0] if _day_of(spec) else spec


def _day_of(spec: str) -> str:
    """The day that a spec says after its path, or nothing."""
    return "" if DATE not in spec or os.path.exists(spec) else spec.rpartition(DATE)[2]


def open_file(path: str, day: date | None = None) -> FileFeed:
    """The feed of one file; ``day`` is that of its times where they count from midnight. Raises ``FeedError``."""
    source = SourceFile(path)
    with source.open() as file:
        start = file.read(SNIFFED)
    if is_dbn(start):
        return DbnFeed(source)

    from lobench.engine.feeds import zstd_frames
    from lobench.engine.feeds.byte_stream import ByteStream
    from lobench.engine.feeds.itch import protocol
    from lobench.engine.feeds.lobster.files import is_lobster

    if zstd_frames.is_skippable(start) and start[8:11] == b"DBZ":
        raise FeedError(
            source.name, 8, "legacy DBZ data, not DBN; convert it to DBN with Databento's dbn tool or download it again"
        )
    stream = ByteStream(source)
    try:
        start = stream.head(protocol.SNIFFED)
    except FeedError:
        if stream.compressed != "zstd":
            raise
        start = b""  # the reader of compressed DBN says what is wrong
    if protocol.is_itch(start):
        from lobench.engine.feeds.itch.feed import ItchFeed

        return ItchFeed(stream, start, day)
    if is_lobster(start):
        from lobench.engine.feeds.lobster.feed import LobsterFeed

        return LobsterFeed(stream, day)
    if stream.compressed == "zstd":
        from lobench.engine.feeds.compressed import DbnZstFeed

        return DbnZstFeed(source)
    raise stream.fail(
        0,
        f'expected a DBN file ("DBN"), ITCH or LOBSTER messages, or one of them compressed, found {found(start[:16])}',
    )
