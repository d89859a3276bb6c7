"""Measuring processes that start together and measure one after the other.

A process takes longer to start (imports, loading kernels, laying out their code) than most passes take. While nothing
is measured, one can start on each CPU at the same time. Then each waits for its turn, asleep, and disturbs none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lobench.engine.closing import Closing
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.process import Started
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.resource_limits import memory_is_limited

_MOST: Final = 4
"""Processes that start together at most: each holds its memory until its turn."""


def together() -> int:
    """How many processes start at the same time here."""
    return 1 if memory_is_limited() else max(1, min(_MOST, len(usable_cpus())))


class Ahead(Closing):
    """Starts ``count`` processes at a time. Leaving it as a context ends those whose turn did not come."""

    def __init__(self, task_of: Callable[[int, float], Task], feed: SharedFeed | None, count: int) -> None:
        self._task_of, self._feed, self._count = task_of, feed, count
        self._waiting: dict[int, Started] = {}

    def of(self, number: int, variants: Sequence[str], end: int) -> Started | None:
        """The process ``number``, to measure these variants; with it start those after it, below ``end``, unless it was
        started before. None if processes start one by one."""
        if self._count < 2:
            return None
        found = self._waiting.pop(number, None)
        if found is not None and list(found.task.variants) == list(variants):
            return found
        # A variant was dropped: none of them can go on.
        if found is not None:
            found.close()
        self.close()
        starting = range(number, max(number + 1, min(number + self._count, end)))
        self._waiting = {each: Started(self._task_of(each, 0.0), self._feed) for each in starting}
        for each, process in list(self._waiting.items()):
            # One that does not get ready starts again when its turn comes, and fails then.
            if not process.is_ready() and each != number:
                self._waiting.pop(each).close()
        return self._waiting.pop(number)

    def close(self) -> None:
        while self._waiting:
            self._waiting.popitem()[1].close()
