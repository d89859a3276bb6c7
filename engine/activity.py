"""The activity of a feed's instruments, from a sample of its records; several workers divide the instruments by it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import FeedError
from lobench.engine.feeds.base import Chunk
from lobench.engine.records import F_SNAPSHOT

ENOUGH = 1 << 18
"""Records after those of a snapshot that a sample is taken of."""
MOST = 1 << 22
"""Records that are looked through for them."""
STEP = 16


def activity(feed: Iterable[Chunk], step: int = STEP) -> npt.NDArray[np.uint32]:
    """Instrument ids of every ``step``-th record of a feed, for ``Replay``, shape (n,): of the first ``ENOUGH`` outside
    a snapshot, because a snapshot comes book by book and does not show how active each will be; of the snapshot if
    there is nothing else.

    Reads at most ``MOST`` records. Unreadable data ends the sample; the replay will report it.
    """
    events, rest = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
    read = 0
    try:
        for chunk in feed:
            records = chunk.array()[::step]
            ids, snapshot = records["instrument_id"], records["flags"] & F_SNAPSHOT != 0
            events.append(ids[~snapshot])
            rest.append(ids[snapshot])
            read += chunk.count
            if read >= MOST or sum(map(len, events)) * step >= ENOUGH:
                break
    except FeedError:
        pass
    found = np.concatenate(events)
    return found if len(found) else np.concatenate(rest)
