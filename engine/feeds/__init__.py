"""Feeds: where MBO records come from. ``open_feed`` opens what the user named, ``load`` reads all of it into memory."""

from engine.feeds.base import Chunk, Feed
from engine.feeds.chain import ChainedFeed
from engine.feeds.first import first_records
from engine.feeds.loaded import LoadedFeed, load
from engine.feeds.opening import open_feed
from engine.feeds.problems import StreamError, UnreadableError

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
