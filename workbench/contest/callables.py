"""Callables side by side: each called with equal arguments, its result compared, its calls timed.

Arguments are the return value of ``setup``: a tuple of all of them, or any other object as the only one. With ``reset``
"fresh" it is called before every call, with "copy" once in a process, each call getting a deep copy; with "same" all
calls get the same objects. None of that is timed. Before ``setup``, and before each call that is compared, the
generators of ``random`` and ``numpy.random`` are set to the same state for all callables.
"""

from __future__ import annotations

import copy
import gc
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.judging import Arguments, Done, changed, copied, differs, judged, raised, untold
from lobench.workbench.contest.loading import load
from lobench.workbench.measurement.clocks import Clocks, pin
from lobench.workbench.measurement.contamination import Reading
from lobench.workbench.measurement.padding import padding

_COLLECTED_EVERY = 1.0
"""Seconds after which garbage is collected between two samples: within them it is not."""


class Callables:
    """A ``Bench``. The order of loading and of the first calls is random: no callable should profit from the place of
    its code."""

    def __init__(self, asked: Asked, chosen: Sequence[int], rng: random.Random) -> None:
        self._asked = asked
        self._rng = rng
        loaded = {place: load(asked.subjects[place]) for place in rng.sample(list(chosen), len(chosen))}
        self._functions = [loaded[place] for place in chosen]
        self._setup = load(asked.setup) if asked.setup else None
        self._same = load(asked.same) if asked.same else None
        self._kept: Arguments = ()
        if asked.reset != "fresh" or self._setup is None:
            self._kept = self._made(0)
        self._before: Arguments | None = None
        self._untold: str | None = None
        if asked.reset == "same":
            self._refuse_iterators()
            # An argument that cannot be copied is used itself, and reported.
            self._before = tuple((copied((argument,)) or (argument,))[0] for argument in self._kept)
            self._untold = untold(self._kept)
        self._clocks = Clocks(None)
        self._collected = time.monotonic()
        self._padding: list[bytes] = []

    def agree(self, at: Callable[[int], None]) -> list[Outcome]:
        given = self._made(0)
        done = {}
        for place in self._rng.sample(range(len(self._functions)), len(self._functions)):
            at(place)
            done[place] = Done(self._functions[place], self._apart(given))
        first = done[0]
        if first.failed:
            return [Outcome(first.failed), *(Outcome(done[place].failed) for place in range(1, len(done)))]
        return [self._outcome(given, first, done[place]) for place in range(len(done))]

    def settle(self, cpu: int | None) -> None:
        # A callable with threads of its own needs more than one CPU.
        if _threads() == 1 and pin(cpu):
            self._clocks = Clocks(cpu)

    def sample(self, place: int, seed: int, lead_in: int, calls: int) -> Reading:
        function = self._functions[place]
        now = time.monotonic()
        if now - self._collected > _COLLECTED_EVERY:
            gc.collect()
            self._collected = now
        self._padding = padding(self._rng)
        before, timed = self._prepared(seed, lead_in), self._prepared(seed + 1, calls)
        try:
            return self._clocks.measure(lambda: _call(function, before), lambda: _call(function, timed), lambda: 0)
        except Exception as error:
            raise LobenchError(raised(error)) from error

    def found(self) -> dict[int, str]:
        """Calls are compared by ``agree``; but arguments that all of them shared say when one of them was changed."""
        said = changed(self._before, self._kept) if self._before is not None else None
        reason = f"one of the callables changed the arguments that all calls share: {said}"
        return dict.fromkeys(range(1, len(self._functions)), reason) if said else {}

    def _refuse_iterators(self) -> None:
        """Nor is there a second time for an open file."""
        for place, argument in enumerate(self._kept):
            if hasattr(type(argument), "__next__"):
                raise UsageError(
                    f"{self._asked.setup}: argument {place} ({type(argument).__name__}) is used up by the first call, "
                    "and with --reset same all calls share it; use --reset fresh"
                )

    def _prepared(self, seed: int, count: int) -> Iterable[Arguments]:
        """The arguments of ``count`` calls."""
        if self._setup is None or self._asked.reset == "same":
            _seed(seed)
            return list(repeat(self._kept, count))
        if self._asked.reset == "copy":
            prepared = [copy.deepcopy(self._kept) for _ in range(count)]
            _seed(seed)
            return prepared
        return [self._made(seed + number) for number in range(count)]

    def _made(self, seed: int) -> Arguments:
        _seed(seed)
        if self._setup is None:
            return ()
        try:
            made = self._setup()
        except Exception as error:
            raise LobenchError(f"{self._asked.setup}: {raised(error)}") from error
        return made if isinstance(made, tuple) else (made,)

    def _apart(self, given: Arguments) -> Arguments:
        """Arguments equal to those given, to be changed at will."""
        made = copied(given)
        if made is None and self._asked.reset == "copy":
            raise LobenchError(f"{self._asked.setup}: its arguments cannot be copied; use --reset fresh")
        made = self._made(0) if made is None else made
        _seed(0)
        return made

    def _outcome(self, given: Arguments, first: Done, done: Done) -> Outcome:
        """The difference of one subject from the first, or its own fault."""
        if done.failed:
            return Outcome(done.failed)
        said = changed(given, done.arguments)
        if said and self._asked.reset == "same":
            return Outcome(
                f"changes its arguments: {said}; with --reset same all calls get the same ones, with --reset copy "
                "or fresh each its own"
            )
        note = f"changes its arguments: {said}" if said else None
        if done is first:
            if self._untold:
                note = f"shares {self._untold} with all other calls, and a change by one of them would go unnoticed"
            return Outcome(note=note)
        if self._same is not None:
            return Outcome(judged(self._same, first.result, done.result), note)
        return Outcome(differs(first, done), note)


def _call(function: Callable[..., Any], prepared: Iterable[Arguments]) -> None:
    for arguments in prepared:
        function(*arguments)


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _threads() -> int:
    """Threads of this process; 1 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1
