"""The changes in a program's process for profiling: to Numba, once it is imported, and nothing else.

docs/lines.md lists them: compiled code carries line tables; Numba's cache is an empty one for this run; for callgrind,
the target of compilation is this machine's processor without the features that valgrind lacks, and a listener hears
when the compiler works; for perf, SIGTERM is an orderly end.
"""

from __future__ import annotations

import atexit
import linecache
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from lobench.workbench.lines import region
from lobench.workbench.lines.gate import Clock, Gate, listen
from lobench.workbench.lines.importing import WhenImported
from lobench.workbench.processes.child import end_with_parent
from lobench.workbench.profile.telling import leave, tell

TARGET = "target.json"
BEGUN = "begun"
"""Files of the profile's folder: a process's report, written as it ends; its process id, written as it begins."""


class Watch:
    """The profiler inside this process; ``told`` is the content of ``program.json``."""

    def __init__(self, folder: str, told: Mapping[str, Any]) -> None:
        self._folder = Path(folder)
        self._told = told
        self._gate: Gate | None = None
        self._clock: Clock | None = None
        self._facts: dict[str, Any] = {}
        self._owner = os.getpid()
        self._forks = 0

    def begin(self) -> None:
        (self._folder / BEGUN).write_text(str(self._owner), encoding="utf-8")
        if self._told["tool"] == "callgrind":
            self._gate = Gate(self._told["program"]["region"])
            region.watchers.append(self._gate)
        else:
            self._clock = Clock(self._told["program"]["region"])
            region.watchers.append(self._clock)
            self._heed_perf()
        os.register_at_fork(before=self._forked)
        atexit.register(self._end)
        WhenImported("numba", self._numba_is_there)

    def _heed_perf(self) -> None:
        """An interrupted perf ends its program by SIGTERM: this process must still write its report."""
        end_with_parent(os.getppid())
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._ended)

    def _ended(self, number: int, frame: object) -> NoReturn:
        if os.getpid() != self._owner:
            # A forked child ends as it would without lobench.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    def _forked(self) -> None:
        self._forks += 1

    def _numba_is_there(self) -> None:
        from lobench.workbench.lines import describing
        from lobench.workbench.lines.own_cache import own_cache
        from lobench.workbench.lines.processor import runnable_processor

        describing.install()
        own_cache(self._folder / "cache")
        if self._gate is not None:
            self._facts["processor"] = runnable_processor(self._told["host"])
            listen(self._gate)

    def _end(self) -> None:
        """Report the compiled code and its addresses. A forked process has its parent's code, and reports nothing."""
        if os.getpid() != self._owner:
            return
        if self._clock is not None:
            # From here on, a signal must not cut the report short.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._gate is not None:
            self._gate.close()
        objects: list[Any] = []
        if "numba" in sys.modules:
            objects = leave(self._folder)
        generated = {name: linecache.getlines(name) for name in list(linecache.cache) if not os.path.exists(name)}
        tell(
            self._folder / TARGET,
            pid=self._owner,
            objects=objects,
            generated=generated,
            code=_generated_code(),
            numba="numba" in sys.modules,
            forks=self._forks,
            regions=self._gate.regions if self._gate else len(self._clock.spans) if self._clock else 0,
            spans=self._clock.spans if self._clock else [],
            **self._facts,
        )


def _generated_code() -> list[tuple[int, int]]:
    """Where this process has code that is of no file."""
    found = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, _, _, node, *name = line.split()
        if "x" in rights and node == "0" and not name:
            low, high = place.split("-")
            found.append((int(low, 16), int(high, 16)))
    return found
