"""When callgrind counts: once there is compiled code, while nothing is being compiled, and within regions if the
program has any.

Pausing while the compiler works only saves time, because counts are those of kernels anyway: if other threads could run
kernels meanwhile, counting goes on.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from lobench.workbench.commits.counting import START_INSTRUMENTATION, STOP_INSTRUMENTATION, Valgrind

ZERO_STATS = STOP_INSTRUMENTATION - 4
"""Callgrind's request to discard its counts."""


class Gate:
    """Opens and closes callgrind's counting by ``request``s. ``wanted``: the name of the regions that count, None for
    all; ``alone`` tells whether no other thread could run a kernel."""

    def __init__(
        self,
        wanted: str | None,
        request: Callable[[int], None] | None = None,
        alone: Callable[[], bool] = lambda: threading.active_count() == 1,
    ) -> None:
        self._alone = alone
        self._request = request or Valgrind().request
        self._wanted = wanted
        self._compiled = self._open = False
        self._compiling = self._inside = 0
        self.regions = 0

    def _settle(self) -> None:
        within = self._inside > 0 if self.regions or self._wanted is not None else True
        free = not self._compiling or not self._alone()
        wanted = self._compiled and within and free
        if wanted != self._open:
            self._open = wanted
            self._request(START_INSTRUMENTATION if wanted else STOP_INSTRUMENTATION)

    def compile_begins(self) -> None:
        self._compiling += 1
        self._settle()

    def compile_ends(self) -> None:
        self._compiling -= 1
        self._compiled = True
        self._settle()

    def enter(self, name: str) -> None:
        if self._wanted is not None and name != self._wanted:
            return
        if not self.regions:
            # Drop the counts from before the first region.
            self._request(ZERO_STATS)
        self.regions += 1
        self._inside += 1
        self._settle()

    def leave(self, name: str) -> None:
        if self._wanted is None or name == self._wanted:
            self._inside -= 1
            self._settle()

    def close(self) -> None:
        """The program has ended."""
        self._compiled = False
        self._settle()


class Clock:
    """For a sampler: when the program was within regions, as intervals of the monotonic clock in seconds."""

    def __init__(self, wanted: str | None) -> None:
        self._wanted = wanted
        self._inside = 0
        self.spans: list[list[float]] = []

    def enter(self, name: str) -> None:
        if self._wanted is None or name == self._wanted:
            if not self._inside:
                self.spans.append([time.monotonic(), math.inf])
            self._inside += 1

    def leave(self, name: str) -> None:
        if self._wanted is None or name == self._wanted:
            self._inside -= 1
            if not self._inside:
                self.spans[-1][1] = time.monotonic()


def listen(gate: Gate) -> None:
    """Have Numba tell the gate when it compiles anything: functions, ufuncs, wrappers."""
    from lobench.workbench.numba_internals import event, found

    class Compiler(found(event, "Listener")):  # type: ignore[misc]
        def on_start(self, event: Any) -> None:
            gate.compile_begins()

        def on_end(self, event: Any) -> None:
            gate.compile_ends()

    event.register("numba:compiler_lock", Compiler())
