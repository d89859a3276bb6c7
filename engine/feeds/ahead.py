"""Reading ahead on another thread: a ring of buffers, or any iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

from lobench.engine.own_thread import OwnThread

Item = TypeVar("Item")
THREAD = "lobench-read-ahead"


@contextmanager
def ahead(items: Iterator[Item], most: int = 2) -> Iterator[Iterator[Item]]:
    """Within the context, ``items`` are made on another thread, at most ``most`` ahead of the consumer. An error there
    is raised by the iteration; leaving the context stops the thread and waits for it."""
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
        except BaseException as error:  # raised again in the consumer's thread
            made.put(error)

    def taken() -> Iterator[Item]:
        for _ in range(most):
            wanted.put(None)
        while (found := made.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
            wanted.put(None)

    thread = OwnThread(target=work, name=THREAD, daemon=True)
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


@contextmanager
def filled_ahead(
    fill: Callable[[memoryview], int], buffers: Sequence[memoryview]
) -> Iterator[Iterator[tuple[int, int]]]:
    """Within, an iterator of (index of the buffer, bytes in it): ``fill(buffer)`` is called on another thread for one
    buffer after the other, in turns.

    ``fill`` returns the bytes it wrote; fewer than the buffer holds mean the end. A buffer is filled again once the
    iteration asks for the next one, so the thread is ``len(buffers) - 1`` buffers ahead at most.
    """
    with ahead(_fillings(fill, buffers), len(buffers)) as filled:
        yield filled


def _fillings(fill: Callable[[memoryview], int], buffers: Sequence[memoryview]) -> Iterator[tuple[int, int]]:
    for index in cycle(range(len(buffers))):
        size = fill(buffers[index])
        yield index, size
        if size < len(buffers[index]):
            return
