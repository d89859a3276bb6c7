"""The process that is profiled: compiles, warms up, then replays and nothing else while a profiler looks.

Started in the folder that holds its ``Task``; everything it tells lies there: ``target.json`` when it is warm (with
the places of its machine code, whose objects are in ``objects``), ``done.json`` when it has ended. A file named
``stop`` ends it between two slices.
"""

from __future__ import annotations

import ctypes
import json
import linecache
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lobench.workbench.commits.counting import START_INSTRUMENTATION, STOP_INSTRUMENTATION, TOGGLE_COLLECT, Valgrind
from lobench.workbench.profile import linetables
from lobench.workbench.profile.task import LONGEST, OBJECTS, SETTLE, SLICE, Task

if TYPE_CHECKING:
    from lobench.engine.policy import Variant
    from lobench.engine.replay import Replay

_SET_PTRACER = 0x59616D61  # PR_SET_PTRACER, with ANY = -1: a profiler of the same user may attach (Yama)


class Target:
    """A variant and the records that it replays, ready to run."""

    def __init__(self, task: Task) -> None:
        linetables.install()
        from lobench.engine.feeds import open_feed
        from lobench.variants import resolve_compiled
        from lobench.workbench.profile.beginning import beginning, keep, kept

        self.task = task
        variant = resolve_compiled(task.variant, task.files)
        self.variant: Variant = variant.fitted(variant.parameters_of(task.parameters))
        # Under valgrind a feed takes its time: it was read before.
        read = task.mode != "count"
        self.feed = beginning(open_feed(task.feed), task.warm + task.records) if read else kept()
        if task.mode == "compile":
            keep(self.feed)
        self.count = self.feed.count
        with self.replay() as replay:
            # The loop's kernel, and those that begin and end it: nobody asks this process for results.
            replay.run(0, 0, 0)

    def replay(self) -> Replay:
        from lobench.engine.replay import Replay

        return Replay(self.variant, evaluate=self.task.evaluate, observe=False)

    def run(self, replay: Replay, start: int, stop: int) -> None:
        """Records ``start`` to ``stop`` of the feed."""
        chunk = self.feed.slice(start, stop)
        replay.run(chunk.address, chunk.stride, chunk.count)


def tell(name: str, **facts: Any) -> None:
    """Write a file of this folder; it appears whole."""
    path = Path(name)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(facts), encoding="utf-8")
    partial.replace(path)


def ready(feed: str, records: int, mode: str) -> None:
    """Write ``target.json`` and the objects that it names, and let profilers attach."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
    tell(
        "target.json",
        pid=os.getpid(),
        records=records,
        feed=feed,
        # Profilers of Python code know their lines themselves.
        objects=[] if mode in ("scalene", "memray") else _objects(),
        generated={name: linecache.getlines(name) for name in sorted(linecache.cache) if name.startswith("<")},
    )


def _objects() -> list[tuple[str, list[tuple[int, int]]]]:
    """Leave what the JIT linker loaded in the folder ``OBJECTS``: file names, with the places of their sections."""
    from lobench.workbench.profile.dwarf import placed

    folder = Path(OBJECTS)
    folder.mkdir(exist_ok=True)
    objects = []
    for number, (elf, bases) in enumerate(placed(linetables.OBJECTS)):
        name = f"{number}.o"
        (folder / name).write_bytes(elf)
        objects.append((name, list(bases.items())))
    return objects


def passes(target: Target, seconds: float) -> int:
    """Pass after pass over the records until the time is over or somebody says stop; returns records handled."""
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


def count(target: Target) -> int:
    """One stretch under callgrind: books filled without it, caches filled under it, then counted.

    In a new thread, which allocates from an arena of its own: what malloc and memmove do then does not depend on the
    heap that Python has left behind.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_count, target).result()


def _count(target: Target) -> int:
    valgrind = Valgrind()
    first = max(0, target.count - target.task.records)
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


def plain(target: Target) -> int:
    return passes(target, min(target.task.seconds, LONGEST))


def under_scalene(target: Target) -> int:
    """Scalene was told not to look until now."""
    from scalene.scalene_profiler import enable_profiling

    with enable_profiling():
        return passes(target, target.task.seconds)


def under_memray(target: Target) -> int:
    """One pass over the records, its making and its end; memray writes to ``memray.bin``."""
    import memray

    with memray.Tracker("memray.bin", native_traces=True), target.replay() as replay:
        target.run(replay, 0, target.count)
        replay.finish()
    return target.count


MODES: dict[str, Callable[[Target], int]] = {
    "plain": plain,
    "count": count,
    "scalene": under_scalene,
    "memray": under_memray,
    "compile": lambda target: 0,
}


def main() -> None:
    target = Target(Task.read())
    mode = target.task.mode
    if mode not in ("count", "compile"):
        ready(target.feed.name, target.count, mode)
    wall, cpu = time.perf_counter(), time.process_time()
    handled = MODES[mode](target)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if mode == "count":
        # Not before: what is told depends on the process, and would leave its mark on the heap that is counted.
        ready(target.feed.name, target.count, mode)
    tell("done.json", records=handled, seconds=wall, cpu_seconds=cpu)


if __name__ == "__main__":
    from lobench.engine.errors import LobenchError

    try:
        main()
    except LobenchError as error:
        # For the process that started this one, which tells its user.
        print(f"lobench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
