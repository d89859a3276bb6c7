"""Reading on another thread, ahead of whoever uses what is read: a ring of buffers, or any iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import TypeVar

Item = TypeVar("Item")
THREAD = "lobench-read-ahead"


class ReadAhead:
    """Calls ``fill(buffer)`` for one buffer after the other on its own thread; iterate for the filled ones, in order.

    ``fill`` returns the bytes it wrote; fewer than the buffer holds mean the end. A buffer is filled again once the
    iteration asks for the next one, so the thread is ``len(buffers) - 1`` buffers ahead at most. What ``fill`` raises,
    the iteration raises. Use it as a context manager: leaving it stops the thread and waits for it.
    """

    def __init__(self, fill: Callable[[memoryview], int], buffers: Sequence[memoryview]) -> None:
        self._fill = fill
        self._buffers = buffers
        self._stopping = False
        self._free: SimpleQueue[int] = SimpleQueue()
        self._filled: SimpleQueue[tuple[int, int] | BaseException] = SimpleQueue()
        # A daemon, so that an iteration which nobody finishes or closes does not keep the process alive.
        self._thread = Thread(target=self._work, name=THREAD, daemon=True)

    def __enter__(self) -> ReadAhead:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping = True
        self._free.put(0)  # wakes the thread
        self._thread.join()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield (index of the buffer, bytes in it)."""
        for index in range(len(self._buffers)):
            self._free.put(index)
        size = room = 0
        while size == room:
            item = self._filled.get()
            if isinstance(item, BaseException):
                raise item
            index, size = item
            room = len(self._buffers[index])
            yield index, size
            self._free.put(index)

    def _work(self) -> None:
        try:
            while True:
                index = self._free.get()
                if self._stopping:
                    return
                buffer = self._buffers[index]
                size = self._fill(buffer)
                self._filled.put((index, size))
                if size < len(buffer):
                    return
        except BaseException as error:  # to be raised where somebody can catch it
            self._filled.put(error)


@contextmanager
def ahead(items: Iterator[Item], most: int = 2) -> Iterator[Iterator[Item]]:
    """Within, ``items`` are made on another thread, at most ``most`` before they are asked for. What making them
    raises, the iteration raises; leaving stops the thread and waits for it."""
    wanted: SimpleQueue[None] = SimpleQueue()
    made: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    stopping = Event()

    def work() -> None:
        try:
            while True:
                wanted.get()
                if stopping.is_set():
                    return
                made.put((next(items),))
        except StopIteration:
            made.put(None)
        except BaseException as error:  # to be raised where somebody can catch it
            made.put(error)

    def taken() -> Iterator[Item]:
        for _ in range(most):
            wanted.put(None)
        while (found := made.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
            wanted.put(None)

    thread = Thread(target=work, name=THREAD, daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        stopping.set()
        wanted.put(None)  # wakes the thread
        thread.join()
        close = getattr(items, "close", None)
        if close is not None:
            close()
