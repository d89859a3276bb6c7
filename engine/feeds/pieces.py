"""A stream in pieces: the unread rest of one piece precedes the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds.ahead import filled_ahead
from lobench.engine.feeds.byte_stream import OpenStream


class Pieces:
    """Iterate for (uint8 array, first byte not seen before or kept); call ``keep`` before asking for the next one.

    A piece has up to ``room`` new bytes and up to ``head`` kept ones; it lies in a buffer that is used again. Where it
    is worth it (``threaded``), a thread fills buffers ahead. Use it as a context manager.
    """

    def __init__(self, stream: OpenStream, room: int, head: int, *, threaded: bool) -> None:
        self._stream, self._head = stream, head
        # Not cleared: a short stream leaves most of a buffer untouched.
        self._buffers = [np.empty(head + room, np.uint8).data for _ in range(3 if threaded else 2)]
        self._threaded = threaded
        self._kept = 0
        self._stack = ExitStack()
        self._filled: Iterator[tuple[int, int]] = iter(())

    def keep(self, count: int) -> None:
        """The last ``count`` bytes of the current piece also begin the next one; at most ``head``."""
        self._kept = count

    def __enter__(self) -> Pieces:
        rooms = [buffer[self._head :] for buffer in self._buffers]
        if self._threaded:
            self._filled = self._stack.enter_context(filled_ahead(self._stream.fill, rooms))
        else:
            self._filled = self._directly(rooms)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.uint8], int]]:
        carried = b""
        for index, size in self._filled:
            whole = self._buffers[index][: self._head + size]
            start = self._head - len(carried)
            whole[start : self._head] = carried
            self._kept = 0
            yield np.frombuffer(whole.toreadonly(), np.uint8), start
            carried = bytes(whole[len(whole) - self._kept :]) if self._kept else b""

    def _directly(self, rooms: list[memoryview]) -> Iterator[tuple[int, int]]:
        index, size = 0, len(rooms[0])
        while size == len(rooms[index]):
            index = 1 - index
            size = self._stream.fill(rooms[index])
            yield index, size
