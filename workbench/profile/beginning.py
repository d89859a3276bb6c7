"""The first records of a feed in memory: the profiled part, read no further; and stored in a folder for the next
process."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError
from lobench.engine.feeds import LoadedFeed, first_records
from lobench.engine.feeds.base import Chunk, Feed
from lobench.engine.records import MBO
from lobench.workbench.profile.kept import RECORDS, About


def beginning(feed: Feed, count: int) -> LoadedFeed:
    """At most ``count`` records from the start of a feed, copied. Raises UsageError if there are none, and errors of
    the feed."""
    records = first_records(feed, count)
    if len(records) == 0:
        raise UsageError(f"{feed.name}: holds no records to profile")
    return _loaded(feed.name, records, feed.other_records)


def keep(feed: LoadedFeed) -> None:
    """Write a feed's records to this folder."""
    np.save(RECORDS, feed.records.view(np.uint8))
    About(feed.name, feed.most_orders, feed.instruments).write()


def kept() -> LoadedFeed:
    """The data that ``keep`` wrote to this folder."""
    return _loaded(About.read().name, np.load(RECORDS).view(MBO), {})


def _loaded(name: str, records: npt.NDArray[np.void], other_records: dict[int, int]) -> LoadedFeed:
    return LoadedFeed(name, Chunk(int(records.ctypes.data), MBO.itemsize, len(records), records), other_records)
