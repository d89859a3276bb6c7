"""The process that runs ONE commit's code; a stand-alone file, run by its path with that commit on PYTHONPATH.

It uses nothing of the workbench, and of the engine only functions that every commit has: ``open_feed`` and ``load``,
``discover`` and ``resolve``, ``Replay`` with ``run`` and ``end_state``. Either compiles one kernel and ends
(``worker.py compile BUILD VARIANT [STAGE]``), or says of which code all kernels are (``worker.py identify``, for an
engine that keeps kernels as this lobench does), or obeys requests, one JSON object a line on stdin, and answers each
with one on stdout (``worker.py serve``).

A commit of another repository consists of engines from outside, in files: the present lobench replays them.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import importlib.util
import json
import os
import resource
import sys
import time
from typing import Any

TREE = os.environ.get("LOBENCH_TREE")
"""The folder of the commit's code; not set if it is installed."""

LACKING = 3
"""Exit code of ``compile``: this commit has no such variant, or no such build."""

_STEAL = 8
"""Place of the steal ticks in a line of /proc/stat."""


class LackingError(Exception):
    """This commit lacks the requested thing."""


def full_name(name: str) -> str:
    """Of a module of the commit's code: under ``lobench``, or at the top in commits that have no such package."""
    under = os.path.isdir(os.path.join(TREE, "lobench")) if TREE else importlib.util.find_spec("lobench") is not None
    return f"lobench.{name}" if under else name


def part(name: str) -> Any:
    """A module of the commit's code."""
    return importlib.import_module(full_name(name))


def replay_class() -> Any:
    """The class that replays a feed, wherever the commit keeps it."""
    try:
        return part("engine.replay").Replay
    except (ImportError, AttributeError):  # commits before Replay had a module of its own
        return part("engine.session").Replay


def find(name: str) -> Any:
    """The variant of that name. Raises LackingError."""
    variants = part("variants")
    try:
        return variants.resolve(name, variants.discover())
    except part("engine.errors").UsageError as error:
        raise LackingError(str(error)) from error


def new_replay(variant: Any, evaluate: str, counters: bool = False, until: str | None = None) -> Any:
    """A replay: the timed build, one of it that ends after stage ``until``, or the one that counts. Raises LackingError
    where the engine cannot."""
    Replay = replay_class()  # noqa: N806
    if until is not None:
        try:
            return Replay(variant, evaluate=evaluate, observe=False, until=until)
        except TypeError as error:
            raise LackingError("this commit's engine does not end early") from error
    if not counters:
        return Replay(variant, evaluate=evaluate, observe=False)
    try:
        try:
            return Replay(variant, evaluate=evaluate, observe=False, counters=True)
        except part("engine.errors").UsageError:
            # Commits in which only an observed replay counts.
            return Replay(variant, evaluate=evaluate, observe=True, counters=True)
    except TypeError as error:
        raise LackingError("this commit's engine counts nothing") from error


def compile_one(build: str, name: str, until: str | None = None) -> None:
    """Compile a build of a variant by replaying nothing: it stays in the cache."""
    replay = new_replay(find(name), "last", build == "counted", until)
    try:
        replay.run(0, 0, 0)
        replay.end_state()
        if build == "counted":
            replay.finish()
    finally:
        replay.close()


def identified() -> dict[str, str]:
    """Variant to a digest of everything that its kernels are compiled of and started with; those whose kernels hold
    what has no key are not there.

    All that a replay takes of its variant are the kernels, built of its policies, and its run-time parameters.
    """
    caches, builder = part("engine.kernel_cache.fingerprint"), part("engine.kernel_builder")
    unkeyable = part("engine.kernel_cache.values").UnkeyableError
    found = {}
    for name, variant in part("variants").discover().items():
        with contextlib.suppress(unkeyable):
            lines = caches.fingerprint([*vars(builder.build(variant)).values(), variant.parameters]).lines
            found[name] = hashlib.blake2b("\n".join(lines).encode(errors="surrogatepass"), digest_size=10).hexdigest()
    return found


class Served:
    """The state behind requests: the feeds, and the current replay. One method for each request."""

    def __init__(self) -> None:
        self._feeds: list[Any] = []
        self._evaluate = "last"
        self._engines: dict[str, str] = {}
        self._reach: dict[str, str] = {}
        self._variants: dict[str, Any] = {}
        self._replay: Any = None
        self._feed: Any = None
        self._cpu: int | None = None

    def open(
        self,
        feeds: list[list[str]],
        variants: list[str],
        evaluate: str,
        engines: dict[str, str] | None = None,
        reach: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Load feeds, find variants and have their kernels in memory. Reports missing ones, with reasons.

        ``engines``: files of engines from outside by name; ``reach``: how far these replay (``until``, ``books``).
        """
        reading = part("engine.feeds")
        self._evaluate, self._engines, self._reach = evaluate, engines or {}, reach or {}
        self._feeds = [reading.load(reading.open_feed(specs)) for specs in feeds]
        lacking = {}
        for name in variants:
            if self._engines and name not in self._engines:
                lacking[name] = f"no engine named '{name}'"
                continue
            try:
                self._variants[name] = self._found(name)
            except LackingError as error:
                lacking[name] = str(error)
                continue
            replay = self._new(name)
            replay.run(0, 0, 0)
            replay.end_state()
            replay.close()
        gc.collect()
        gc.disable()
        return {"lacking": lacking, "events": [feed.count for feed in self._feeds]}

    def _found(self, name: str) -> Any:
        return part("variants").load_file(self._engines[name]) if self._engines else find(name)

    def _new(self, variant: str) -> Any:
        """A replay in the build that is timed."""
        if not self._engines:
            return new_replay(self._variants[variant], self._evaluate)
        told = {"orders": self._feed.most_orders, "instruments": self._feed.instruments} if self._feed else {}
        workload = part("engine.workload").Workload(evaluate=self._evaluate, **self._reach, **told)
        return part("engine.foreign.start").start_replay(self._variants[variant], workload)

    def compile(self, build: str, variant: str, feeds: list[list[str]]) -> dict[str, Any]:
        """Compile a build of a variant, and what reads these feeds; reports why the commit lacks it, if it does."""
        if not self._feeds:
            reading = part("engine.feeds")
            self._feeds = [reading.load(reading.open_feed(specs)) for specs in feeds]
        try:
            compile_one(build, variant)
        except LackingError as error:
            return {"lacking": str(error)}
        return {}

    def pin(self, cpu: int) -> dict[str, Any]:
        """Stay on one processor."""
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {cpu})
            self._cpu = cpu
        return {}

    def start(self, variant: str, feed: int) -> dict[str, Any]:
        """A new replay from the feed's first record on."""
        self._feed = self._feeds[feed]
        self._replay = self._new(variant)
        return {}

    def run(self, start: int, lead: int, stop: int) -> list[int]:
        """Replay records up to ``lead`` to find the caches, then those up to ``stop`` by the clock.

        Returns wall and CPU time of the timed part in ns, its involuntary context switches, minor and major page
        faults, and the steal ticks of both: the fields of ``measurement.contamination.Reading``.
        """
        first, timed = self._feed.slice(start, lead), self._feed.slice(lead, stop)
        # Bring the records into the caches for all variants that take this turn.
        self._feed.records["order_id"][start:stop].sum()
        steal = self._steal()
        self._replay.run(first.address, first.stride, first.count)
        before = resource.getrusage(resource.RUSAGE_THREAD)
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        self._replay.run(timed.address, timed.stride, timed.count)
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        after = resource.getrusage(resource.RUSAGE_THREAD)
        faults = [after.ru_minflt - before.ru_minflt, after.ru_majflt - before.ru_majflt]
        return [wall, cpu, after.ru_nivcsw - before.ru_nivcsw, *faults, self._steal() - steal]

    def _steal(self) -> int:
        """Ticks that the hypervisor took from this process's processor; 0 if unknown."""
        with contextlib.suppress(OSError), open("/proc/stat", encoding="ascii") as lines:
            for line in lines:
                name, *fields = line.split()
                if name == f"cpu{self._cpu}":
                    return int(fields[_STEAL - 1])
        return 0

    def state(self) -> list[str | None]:
        """Digest of the present state of all books, features and accounts, and the running trace, 16 hex digits each;
        None for the trace if the engine keeps none."""
        trace = getattr(self._replay, "trace", None)
        return [f"{self._replay.end_state():016x}", None if trace is None else f"{trace:016x}"]

    def newest(self, instrument: int, publisher: int) -> dict[str, str]:
        """The newest features of a book by name, as Python writes them; nothing where the engine does not tell."""
        try:
            names, row = part("engine.registry").FEATURES, self._replay.newest(instrument, publisher)
        except (ImportError, AttributeError):
            return {}
        return {name: repr(float(value)) for name, value in zip(names, row or (), strict=False)}

    def end(self) -> dict[str, Any]:
        """Give back the replay."""
        self._replay.close()
        self._replay = None
        return {}

    def count(self, variant: str, feed: int, records: int) -> dict[str, Any]:
        """Mechanism counters over the feed's first ``records``: {"counters": {...}} or {"lacking": why}."""
        if self._engines:
            return {"lacking": "an engine from outside has no mechanism counters"}
        chosen = self._feeds[feed]
        whole = chosen.slice(0, min(records, chosen.count))
        try:
            replay = new_replay(self._variants[variant], self._evaluate, counters=True)
        except LackingError as error:
            return {"lacking": str(error)}
        try:
            replay.apply(whole)
            return {"counters": replay.finish().counters, "events": whole.count}
        finally:
            replay.close()


def serve() -> None:
    """Answer requests until stdin ends."""
    served = Served()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # keep the commit's own prints out of the answers
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(served, request.pop("do"))(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main() -> int:
    """Run the command line."""
    where = os.path.abspath(part("engine").__file__)
    if TREE and os.path.commonpath([os.path.realpath(TREE), os.path.realpath(where)]) != os.path.realpath(TREE):
        raise RuntimeError(f"the engine was imported from {where}, not from {TREE}")
    if sys.argv[1] == "serve":
        serve()
        return 0
    if sys.argv[1] == "identify":
        print(json.dumps(identified()))
        return 0
    try:
        compile_one(*sys.argv[2:5])
    except LackingError as error:
        print(error, file=sys.stderr)
        return LACKING
    return 0


if __name__ == "__main__":
    sys.exit(main())
