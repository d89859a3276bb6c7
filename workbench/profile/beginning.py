"""The first records of a feed in memory: what is profiled of it, read no further."""

from __future__ import annotations

import numpy as np

from engine.errors import UsageError
from engine.feeds import LoadedFeed
from engine.feeds.base import Chunk, Feed
from engine.records import MBO


def beginning(feed: Feed, count: int) -> LoadedFeed:
    """At most ``count`` records from the start of a feed, copied. Raises UsageError if there are none, and what the
    feed raises."""
    parts = []
    missing = count
    for chunk in feed:
        parts.append(chunk.array()[:missing].copy())
        missing -= len(parts[-1])
        if missing == 0:
            break
    records = np.concatenate(parts) if parts else np.zeros(0, MBO)
    if len(records) == 0:
        raise UsageError(f"{feed.name}: holds no records to profile")
    whole = Chunk(int(records.ctypes.data), MBO.itemsize, len(records), records)
    return LoadedFeed(feed.name, whole, feed.other_records)
