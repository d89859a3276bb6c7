"""What a feed's instruments do, by a sample of its records: several workers share the instruments out by it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.errors import FeedError
from engine.feeds.base import Chunk, Feed
from engine.records import F_SNAPSHOT

ENOUGH = 1 << 18
"""Records after those of a snapshot that a sample is taken of."""
MOST = 1 << 22
"""Records that are looked through for them."""
STEP = 16

Ids = npt.NDArray[np.uint32]


def sampled(chunk: Chunk, step: int) -> tuple[Ids, Ids]:
    """Instrument ids of every ``step``-th record that is not part of a snapshot, and of those that are."""
    records = chunk.array()[::step]
    ids, snapshot = records["instrument_id"], records["flags"] & F_SNAPSHOT != 0
    return ids[~snapshot], ids[snapshot]


def activity(feed: Feed) -> Ids:
    """Instrument ids of a sample of a feed, for ``Replay``, shape (n,): of its first ``ENOUGH`` records that are not
    part of a snapshot, which comes book by book and does not say how much each will do; of a snapshot if that is all.

    Reads ``MOST`` records at most. What cannot be read ends the sample; the replay will tell of it.
    """
    events, rest = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
    read = 0
    try:
        for chunk in feed:
            event, snapshot = sampled(chunk, STEP)
            events.append(event)
            rest.append(snapshot)
            read += chunk.count
            if read >= MOST or sum(map(len, events)) * STEP >= ENOUGH:
                break
    except FeedError:
        pass
    found = np.concatenate(events)
    return found if len(found) else np.concatenate(rest)
