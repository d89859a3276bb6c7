"""Turns pieces of memory into chunks, for one iteration of one feed, and knows how far it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import FeedError
from lobench.engine.feeds.base import Chunk

RUN = 1 << 16
"""Records in a chunk at most, and records that are walked at a time."""
SHORT = 64
"""A run of less than a ``SHORT``th of ``RUN`` is copied together with those that follow: a live capture has other
records everywhere, and each chunk costs its consumer some time."""
LONGEST = 255 * 4
"""Bytes of the longest record."""


class Framer:
    """Finds the MBO records in a DBN stream that arrives in pieces.

    ``position`` is the byte of the stream up to which whole records were handed over, or skipped.
    ``fail(byte, problem)`` makes the error that is raised.
    """

    def __init__(self, position: int, fail: Callable[[int, str], FeedError]) -> None:
        self.position = position
        self._fail = fail
        self._others = np.zeros(256, np.int64)

    @property
    def other_records(self) -> dict[int, int]:
        """Records skipped so far, by rtype."""
        return {int(rtype): int(self._others[rtype]) for rtype in np.flatnonzero(self._others)}

    def chunks(self, data: npt.NDArray[np.uint8], start: int) -> Iterator[Chunk]:
        """Yield the MBO records in ``data[start:]``, except an incomplete record at its end: runs in place, or several
        short ones as one private copy.

        ``data`` is read-only uint8, shape (n,), and ``data[start]`` is the stream's byte ``position``.
        """
        # Imported here: importing Numba takes longer than refusing a file.
        from lobench.engine.feeds.framing import MORE, PARTIAL, PROBLEMS, gather, next_run

        address = data.ctypes.data
        stop = len(data)
        status = MORE
        while status == MORE and start < stop:
            # Without the compiler the kernel's integers are NumPy's, which cannot serve as addresses.
            first, count, stride, end, status = map(int, next_run(data, start, stop, RUN, self._others))
            held, place = data, address + first
            if 0 < count < RUN // SHORT and end < stop:
                held = np.empty(min(RUN * stride, stop - first), np.uint8)
                place = held.ctypes.data
                count, stride, end, status = map(int, gather(data, first, stop, held, RUN // SHORT, self._others))
            self.position += end - start
            start = end
            if count:
                yield Chunk(place, stride, count, held)
        if status not in (MORE, PARTIAL):
            raise self._fail(self.position, PROBLEMS[status].format(words=data[start]))

    def finish(self, end: int) -> None:
        """Raise when the stream's last record is incomplete; ``end`` is the stream's length in bytes."""
        if self.position < end:
            raise self._fail(self.position, f"the last record is cut short: {end - self.position} bytes are left")


def readable(buffer: bytearray | memoryview) -> npt.NDArray[np.uint8]:
    """``buffer`` as a read-only array: one type for all sources, so that the kernel is compiled once."""
    return np.frombuffer(memoryview(buffer).toreadonly(), np.uint8)
