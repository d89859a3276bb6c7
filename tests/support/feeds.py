"""Reading feeds in tests."""

from __future__ import annotations

import threading

from lobench.engine.feeds import Feed


def content(feed: Feed) -> bytes:
    """All records of a feed, copied out chunk by chunk as a consumer must."""
    return b"".join(chunk.array().tobytes() for chunk in feed)


def count(feed: Feed) -> int:
    return sum(chunk.count for chunk in feed)


def read_ahead_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lobench-read-ahead"]
