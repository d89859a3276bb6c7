"""The target of profilers: a pure replay, for a time or for counted records.

It loads neither Numba nor the code that replays variants: imports are slow under valgrind.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Protocol

from lobench.engine.errors import LobenchError
from lobench.workbench.commits.counting import START_INSTRUMENTATION, STOP_INSTRUMENTATION, TOGGLE_COLLECT, Valgrind
from lobench.workbench.profile.task import SETTLE, SLICE, Task

_SET_PTRACER = 0x59616D61  # PR_SET_PTRACER, with ANY = -1: a profiler of the same user may attach (Yama)


class Steady(Protocol):
    """Records in memory, and their replay."""

    count: int

    def replay(self) -> AbstractContextManager[Any]:
        """A new one, with empty books."""
        ...

    def run(self, replay: Any, start: int, stop: int) -> None:
        """Records ``start`` to ``stop`` of the feed."""
        ...


def allow_looking() -> None:
    """Let profilers attach to this process."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)


def passes(target: Steady, seconds: float) -> int:
    """Pass after pass over the records until the time is over or a stop is requested; returns records handled."""
    end = time.monotonic() + seconds
    stop = Path("stop")
    handled = 0
    while True:
        with target.replay() as replay:
            for start in range(0, target.count, SLICE):
                stop_at = min(start + SLICE, target.count)
                target.run(replay, start, stop_at)
                handled += stop_at - start
                if time.monotonic() > end or stop.exists():
                    return handled


def count(target: Steady, task: Task) -> int:
    """One stretch under callgrind: books filled without it, caches filled under it, then counted.

    In a new thread, which allocates from an arena of its own: the work of malloc and memmove then does not depend on
    the heap that Python has left behind.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_count, target, task).result()


def _count(target: Steady, task: Task) -> int:
    valgrind = Valgrind()
    first = max(0, target.count - task.records)
    settle = max(0, first - SETTLE)
    with target.replay() as replay:
        target.run(replay, 0, settle)
        valgrind.request(START_INSTRUMENTATION)
        target.run(replay, settle, first)
        valgrind.request(TOGGLE_COLLECT)
        target.run(replay, first, target.count)
        valgrind.request(TOGGLE_COLLECT)
        valgrind.request(STOP_INSTRUMENTATION)
    return target.count - first


def saying(main: Callable[[], None]) -> None:
    """Run a target; its messages to the user go to the process that started it."""
    try:
        main()
    except LobenchError as error:
        print(f"lobench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
