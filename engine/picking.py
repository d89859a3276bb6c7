"""Which evaluations become rows, and where each row is: said of a slice of records before it is replayed.

Which records are evaluated, when, and of which book is told by the records alone. So kernels write only the rows that
somebody asked for, several workers write to the same columns, and a kernel that handles records in an order of its own
still leaves the rows in the order of the feed.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.feeds.base import Chunk
from lobench.engine.native import int64, view
from lobench.engine.records import MBO

Places = npt.NDArray[np.int32]
"""By record of a slice: where the row of its evaluation is, from 0 in the records' order; -1 without a row."""


class Pick(Protocol):
    """Chooses the rows of a slice."""

    def __call__(self, part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, Any]:
        """Write the places of a slice's records, those being evaluated whose flags, masked by the first of ``flags``,
        are the second. Returns how many rows there are, and what goes with them as ``Rows.note``."""
        ...


def pick_all(part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, None]:
    """Every evaluation becomes a row."""
    return _number(part.address, part.stride, part.count, *flags, places), None


@entry
def _number(address: int, stride: int, count: int, mask: int, value: int, places: Places) -> int:
    found = 0
    for index in range(count):
        asked = int64((int64(view(address + index * stride, MBO)["flags"]) & mask) == value)
        # Without a branch: 0 - 1 is no place.
        places[index] = found * asked + asked - 1
        found += asked
    return found


@entry
def write_heads(
    address: int,
    stride: int,
    count: int,
    places: Places,
    first: int,
    records: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    instruments: npt.NDArray[np.uint32],
    publishers: npt.NDArray[np.uint16],
) -> None:
    """Say which evaluation each row is: the number of its record, ``first`` being that of the slice's, and the record's
    own fields."""
    for index in range(count):
        place = places[index]
        if place >= 0:
            event = view(address + index * stride, MBO)
            records[place] = first + index
            times[place] = int64(event["ts_event"])
            instruments[place] = event["instrument_id"]
            publishers[place] = event["publisher_id"]
