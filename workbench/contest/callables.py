"""Callables side by side: each called with equal arguments, its result compared, its calls timed.

Arguments are what ``setup`` returns: a tuple is all of them, anything else is the only one. With ``reset`` "fresh" it
is called before every call, with "copy" once in a process, each call getting a deep copy; with "same" all calls get
the very same objects. None of that is timed. Before it is called, and before each call that is compared, the generators
of ``random`` and ``numpy.random`` are set to the same state for all callables.
"""

from __future__ import annotations

import copy
import gc
import random
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.equality import difference
from lobench.workbench.contest.states import IncomparableError
from lobench.workbench.contest.loading import load
from lobench.workbench.measurement.clocks import Clocks
from lobench.workbench.measurement.contamination import Reading

Arguments = tuple[Any, ...]

_EXACT = 0.0
_COLLECTED_EVERY = 1.0
"""Seconds after which garbage is collected between two samples: within them it is not."""
_PADS, _PADDING = 16, 4096
"""Pieces of memory taken before a sample, and below how many bytes each: arguments lie elsewhere in each."""


class Callables:
    """A ``Bench``. The order in which they are loaded and first called is drawn: where code lies is nobody's merit."""

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
        self._before = _copied(self._kept) if asked.reset == "same" else None
        self._clocks = Clocks(None)
        self._collected = time.monotonic()
        self._padding: list[bytes] = []

    def agree(self, at: Callable[[int], None]) -> list[Outcome]:
        given = self._made(0)
        done = {}
        for place in self._rng.sample(range(len(self._functions)), len(self._functions)):
            at(place)
            done[place] = _Done(self._functions[place], self._apart(given))
        first = done[0]
        if first.failed:
            return [Outcome(first.failed), *(Outcome(done[place].failed) for place in range(1, len(done)))]
        return [self._outcome(given, first, done[place]) for place in range(len(done))]

    def sample(self, place: int, seed: int, lead_in: int, calls: int) -> Reading:
        function = self._functions[place]
        now = time.monotonic()
        if now - self._collected > _COLLECTED_EVERY:
            gc.collect()
            self._collected = now
        self._padding = [bytes(self._rng.randrange(_PADDING)) for _ in range(_PADS)]
        before, timed = self._prepared(seed, lead_in), self._prepared(seed + 1, calls)
        try:
            return self._clocks.measure(lambda: _call(function, before), lambda: _call(function, timed), lambda: 0)
        except Exception as error:
            raise LobenchError(_raised(error)) from error

    def found(self) -> dict[int, str]:
        """Calls are compared by ``agree``; but arguments that all of them shared say when one of them was changed."""
        said = _changed(self._before, self._kept) if self._before is not None else None
        reason = f"one of the callables changed the arguments that all calls share: {said}"
        return dict.fromkeys(range(1, len(self._functions)), reason) if said else {}

    def _prepared(self, seed: int, count: int) -> Iterable[Arguments]:
        """The arguments of so many calls."""
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
            raise LobenchError(f"{self._asked.setup}: {_raised(error)}") from error
        return made if isinstance(made, tuple) else (made,)

    def _apart(self, given: Arguments) -> Arguments:
        """Arguments equal to those given, to be changed at will."""
        made = _copied(given)
        if made is None and self._asked.reset == "copy":
            raise LobenchError(f"{self._asked.setup}: its arguments cannot be copied; take --reset fresh")
        made = self._made(0) if made is None else made
        _seed(0)
        return made

    def _outcome(self, given: Arguments, first: _Done, done: _Done) -> Outcome:
        """What one did beside the first, or that one by itself."""
        if done.failed:
            return Outcome(done.failed)
        changed = _changed(given, done.arguments)
        if changed and self._asked.reset == "same":
            return Outcome(
                f"changes its arguments: {changed}; with --reset same all calls get the same ones, with --reset copy "
                "or fresh each its own"
            )
        note = f"changes its arguments: {changed}" if changed else None
        if done is first:
            return Outcome(note=note)
        return Outcome(self._differs(first, done), note)

    def _differs(self, first: _Done, done: _Done) -> str | None:
        if self._same is not None:
            return _judged(self._same, first.result, done.result)
        try:
            return difference(first.result, done.result, "the result") or _unlike(first.arguments, done.arguments)
        except (IncomparableError, RecursionError) as error:
            return f"nothing says whether results of type {error} are equal; --same FILE.py:NAME can say it"


class _Done:
    """One call: its result and what its arguments are then, or how it ``failed``."""

    def __init__(self, function: Callable[..., Any], arguments: Arguments) -> None:
        self.arguments = arguments
        self.result: Any = None
        self.failed: str | None = None
        try:
            self.result = function(*arguments)
        except Exception as error:
            self.failed = _raised(error)


def _call(function: Callable[..., Any], prepared: Iterable[Arguments]) -> None:
    for arguments in prepared:
        function(*arguments)


def _copied(arguments: Arguments) -> Arguments | None:
    """Deep copies; None of what cannot be copied."""
    try:
        return copy.deepcopy(arguments)
    except Exception:
        return None


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _changed(before: Arguments, after: Arguments) -> str | None:
    """How a call left other arguments than it got; of what cannot be compared nothing is said."""
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        try:
            said = difference(one, other, f"argument {place}", _EXACT)
        except (IncomparableError, RecursionError):
            continue
        if said:
            return said
    return None


def _unlike(expected: Arguments, found: Arguments) -> str | None:
    """How two calls left different arguments."""
    for place, (one, other) in enumerate(zip(expected, found, strict=True)):
        try:
            said = difference(one, other, f"argument {place}")
        except (IncomparableError, RecursionError):
            continue
        if said:
            return f"leaves other arguments behind: {said}"
    return None


def _judged(same: Callable[..., Any], expected: Any, found: Any) -> str | None:
    """By the user's rule, which says whether, or raises AssertionError; one that returns nothing has no objection."""
    try:
        said = same(expected, found)
    except AssertionError as error:
        text = " ".join(str(error).split())
        return f"the result is refused by --same: {text[:300]}" if text else "the result is refused by --same"
    except Exception as error:
        raise LobenchError(f"--same: {_raised(error)}") from error
    return None if said is None or said else "the result is refused by --same"


def _raised(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"raises {type(error).__name__}{f': {text[:300]}' if text else ''}"
