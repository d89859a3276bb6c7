"""The first records of a feed, read no further."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds.base import Feed
from lobench.engine.records import MBO


def first_records(feed: Feed, count: int) -> npt.NDArray[np.void]:
    """At most ``count`` records from the start of a feed, copied, dtype ``MBO``. Raises the feed's errors."""
    parts: list[npt.NDArray[np.void]] = []
    missing = count
    for chunk in feed:
        parts.append(chunk.array()[:missing].copy())
        missing -= len(parts[-1])
        if missing == 0:
            break
    return np.concatenate(parts) if parts else np.zeros(0, MBO)
