"""Handing a loaded feed to worker processes without copying or making it again: one piece of shared memory."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from lobench.engine.errors import UnjudgedError
from lobench.engine.feeds import Chunk, LoadedFeed
from lobench.engine.records import MBO


@dataclass(frozen=True)
class SharedFeed:
    """``count`` records of a feed behind a descriptor that child processes inherit and map. ``orders`` and
    ``instruments``: as a ``Workload`` has them."""

    name: str
    descriptor: int
    count: int
    orders: int = 0
    instruments: int = 0


@contextmanager
def shared(feed: LoadedFeed) -> Iterator[SharedFeed]:
    """Provide the feed as shared memory. Raises UnjudgedError if there is no room for it."""
    descriptor = nameless_file()
    try:
        data = feed.records.view(np.uint8).data
        done = 0
        try:
            while done < len(data):
                done += os.write(descriptor, data[done:])
        except OSError as error:
            raise UnjudgedError(f"{feed.name}: no room to share it with processes: {error.strerror}") from error
        yield SharedFeed(feed.name, descriptor, feed.count, feed.most_orders, feed.instruments)
    finally:
        os.close(descriptor)


def receive(descriptor: int, name: str, count: int) -> LoadedFeed:
    """The feed behind an inherited descriptor, all its pages mapped."""
    populate = getattr(mmap, "MAP_POPULATE", 0)
    memory = mmap.mmap(descriptor, count * MBO.itemsize, flags=mmap.MAP_SHARED | populate, prot=mmap.PROT_READ)
    owner = np.frombuffer(memory, np.uint8)
    return LoadedFeed(name, Chunk(owner.ctypes.data, MBO.itemsize, count, owner), {})


def nameless_file() -> int:
    """Descriptor of a new file in memory, or of one without a name; close it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("lobench-feed")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
