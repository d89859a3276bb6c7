"""Work on a separate thread, in order of submission, while the submitter continues."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from types import TracebackType
from typing import Final, Generic, TypeVar

from lobench.engine.own_thread import OwnThread

Item = TypeVar("Item")

WAITING: Final = 2


class Aside(Generic[Item]):
    """Calls ``work`` for each item that is ``put``; at most ``WAITING`` wait. A context: leaving it drops waiting
    items.

    An error is raised at the next ``put``, or by ``finish``.
    """

    def __init__(self, work: Callable[[Item], object], name: str) -> None:
        self._work = work
        self._queue: Queue[tuple[Item] | None] = Queue(WAITING)
        self._problem: BaseException | None = None
        self._dropping = False
        self._thread = OwnThread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        if self._problem is not None:
            raise self._problem
        self._queue.put((item,))

    def finish(self) -> None:
        """Until all is done."""
        self._end()
        if self._problem is not None:
            raise self._problem

    def _end(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (found := self._queue.get()) is not None:
            # After a problem, keep taking items, so that the producer does not block.
            if self._problem is None and not self._dropping:
                try:
                    self._work(found[0])
                except BaseException as problem:
                    self._problem = problem

    def __enter__(self) -> Aside[Item]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dropping = True
        self._end()
