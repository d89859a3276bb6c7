"""An iteration that runs ahead of its consumer on a thread of its own."""

from __future__ import annotations

from collections.abc import Generator
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TypeVar

Item = TypeVar("Item")


def in_background(items: Generator[Item, None, None], ahead: int) -> Generator[Item, None, None]:
    """Yield what ``items`` yields, in order, ``ahead`` items being ready at most beside the one that was yielded.

    An item is done with once the next one is asked for: a generator that fills ``ahead + 2`` buffers in turn never
    writes to one in use. What ``items`` raises is raised here. Closing this closes ``items`` and waits for the thread.
    """
    ready: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    room = Semaphore(ahead + 1)
    stopping = False

    def work() -> None:
        try:
            while True:
                room.acquire()
                if stopping:
                    break
                ready.put((next(items),))
        except StopIteration:
            ready.put(None)
        except BaseException as error:  # to be raised where somebody can catch it
            ready.put(error)
        finally:
            items.close()

    # A daemon, so that an iteration which nobody finishes or closes does not keep the process alive.
    thread = Thread(target=work, name="lobench-read-ahead", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
            room.release()
    finally:
        stopping = True
        room.release()
        thread.join()
