"""Decides which evaluations of a slice become rows, and at which index, before the slice is replayed.

The records alone determine which of them are evaluated, at what time and for which book. So kernels write only the
requested rows, several workers can write to the same columns, and rows are in the order of the feed even if a kernel
handles records in another order.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.feeds.base import Chunk
from lobench.engine.native import int64, view
from lobench.engine.records import MBO

GROUP: Final = 8
"""Records that are looked at together: of a sample most have no place."""

Places = npt.NDArray[np.int32]
"""For each record of a slice: the index of the row for its evaluation, counted from 0 in the order of the records, or
-1 if there is none."""

Records = tuple[int, int, int, int, int]
"""The records of a slice, for kernels: address, stride and count; the mask and the value of ``Pick``'s flags."""


class Pick(Protocol):
    """Chooses the rows of a slice."""

    def __call__(self, part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, Any]:
        """Write the places of a slice's records. ``flags``: a mask and a value; a record is evaluated if its masked
        flags equal the value. Returns the number of rows, and their ``Rows.note``."""
        ...


def pick_all(part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, None]:
    """Every evaluation becomes a row."""
    return _number(part.address, part.stride, part.count, *flags, places), None


@entry
def _number(address: int, stride: int, count: int, mask: int, value: int, places: Places) -> int:
    found = 0
    for index in range(count):
        asked = int64((int64(view(address + index * stride, MBO)["flags"]) & mask) == value)
        # Branch-free: the place is found or, if the record is not evaluated, 0 - 1.
        places[index] = found * asked + asked - 1
        found += asked
    return found


@kernel
def any_place(words: npt.NDArray[np.int64], index: int) -> bool:
    """Whether any of the ``GROUP`` records from ``index`` on has a place. ``words``: the places, two in each."""
    word = index >> 1
    return (words[word] & words[word + 1] & words[word + 2] & words[word + 3]) != -1


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
    """Write the heads of the rows: each record's number, counted from ``first`` at the start of the slice, and its own
    fields. The length of ``places`` is a multiple of ``GROUP``."""
    words = places.view(np.int64)
    for group in range(0, count, GROUP):
        if any_place(words, group):
            for index in range(group, min(group + GROUP, count)):
                place = places[index]
                if place >= 0:
                    event = view(address + index * stride, MBO)
                    records[place] = first + index
                    times[place] = int64(event["ts_event"])
                    instruments[place] = event["instrument_id"]
                    publishers[place] = event["publisher_id"]
