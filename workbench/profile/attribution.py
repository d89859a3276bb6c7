"""From costs of addresses to costs of stacks, and from those to lines, functions, stages and mechanisms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lobench.workbench.profile.callgrind_file import Counts
from lobench.workbench.profile.codemap import CodeMap, Frame, Stack

Key = TypeVar("Key", bound=Hashable)

Values = npt.NDArray[np.float64]

LIBRARY = "(library)"
"""File of functions that are not kernels: their work in libc."""

_DEEPEST = 12
"""Calls between compiled functions that are followed upwards."""


def short(function: str, file: str) -> str:
    """A function's own name: Python's are qualified by dots; a library's have a version or the number of a copy behind
    one; those of an engine stay whole."""
    if file == LIBRARY:
        return function if function.startswith("(") else function.partition("@")[0].partition(".")[0] or function
    return function if "::" in function else function.rpartition(".")[2]


@dataclass(frozen=True)
class Spent:
    """Values that belong to one stack, outermost frame first; a library function that a kernel called is last."""

    stack: Stack
    values: Values

    @property
    def place(self) -> Frame:
        """The innermost frame that has source."""
        return next((frame for frame in reversed(self.stack) if frame.file != LIBRARY), self.stack[-1])


Callers = Mapping[str | int, Sequence[tuple[Stack, float]]]
"""Compiled function (``CodeMap.key``) to the stacks that called it, with shares that sum to 1."""


def spend(codes: CodeMap, counts: Counts, callers: Callers) -> list[Spent]:
    """The cost of each stack. A function with several callers is divided among them."""
    found: dict[Stack, Values] = {}

    def add(address: int, cost: Values, below: Stack) -> None:
        piece = codes.find(address)
        assert piece is not None
        for above, share in callers.get(codes.key(piece), [((), 1.0)]):
            stack = (*above, *piece.stack, *below)
            found[stack] = found.get(stack, 0.0) + cost * share

    for address, cost in counts.own.items():
        add(address, cost.astype(np.float64), ())
    for (address, function), cost in counts.called.items():
        add(address, cost.astype(np.float64), (Frame(counts.names.get(function, function), LIBRARY, 0),))
    return [Spent(stack, values) for stack, values in found.items()]


def callers_in(codes: CodeMap, counts: Counts) -> Callers:
    """Who called whom, by number of calls: exact where every call does the same, else the best guess that counts
    allow."""
    calls: dict[str | int, list[tuple[str | int, Stack, int]]] = defaultdict(list)
    for (caller, callee), number in counts.calls.items():
        above, below = codes.find(caller), codes.find(callee)
        assert above is not None
        assert below is not None
        # A recursive call is attributed to the outer caller.
        if codes.key(above) != codes.key(below):
            calls[codes.key(below)].append((codes.key(above), above.stack, number))
    known: dict[str | int, list[tuple[Stack, float]]] = {}

    def of(function: str | int, depth: int) -> list[tuple[Stack, float]]:
        if function in known:
            return known[function]
        if function not in calls or depth == _DEEPEST:
            return [((), 1.0)]
        total = sum(number for _, _, number in calls[function])
        shares: dict[Stack, float] = defaultdict(float)
        for caller, stack, number in calls[function]:
            for above, share in of(caller, depth + 1):
                shares[(*above, *stack)] += share * number / total
        known[function] = list(shares.items())
        return known[function]

    return {function: of(function, 0) for function in calls}


def group(spent: Iterable[Spent], key: Callable[[Spent], Key]) -> dict[Key, Values]:
    """Sums by a key of each stack, largest first value first."""
    sums: dict[Key, Values] = {}
    for entry in spent:
        name = key(entry)
        sums[name] = sums.get(name, 0.0) + entry.values
    return dict(sorted(sums.items(), key=lambda item: -float(item[1][0])))


def totals(spent: Iterable[Spent], keys: Callable[[Frame], Key]) -> dict[Key, Values]:
    """Sums by a key of frames, of all costs in and below each."""
    sums: dict[Key, Values] = {}
    for entry in spent:
        for name in {keys(frame) for frame in entry.stack}:
            sums[name] = sums.get(name, 0.0) + entry.values
    return sums


def outside(stack: Sequence[Frame], hidden: Callable[[str], bool]) -> Stack:
    """A stack without frames of irrelevant files: their cost is the caller's."""
    kept = tuple(frame for frame in stack if not hidden(frame.file))
    return kept or tuple(stack)
