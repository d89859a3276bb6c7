"""Feeds: sources of MBO records. ``open_feed`` opens a named feed, ``load`` reads all of it into memory."""

from lobench.engine.feeds.base import Chunk, Feed
from lobench.engine.feeds.chain import ChainedFeed
from lobench.engine.feeds.first import first_records
from lobench.engine.feeds.loaded import LoadedFeed, load
from lobench.engine.feeds.opening import open_feed
from lobench.engine.feeds.problems import StreamError, UnreadableError

__all__ = [
    "ChainedFeed",
    "Chunk",
    "Feed",
    "LoadedFeed",
    "StreamError",
    "UnreadableError",
    "first_records",
    "load",
    "open_feed",
]
