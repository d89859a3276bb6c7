"""Reads callgrind's output: the cost of each instruction of JIT code, itself and in the libraries that it called.

Format: Valgrind manual, section "Callgrind Format Specification"; written with ``--dump-instr=yes``,
``--compress-pos=no`` and ``--compress-strings=no``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Cost = npt.NDArray[np.int64 | np.floating[Any]]

COSTS = ("instructions", "l1_misses", "ll_misses", "mispredictions")
"""The events kept from callgrind, in this order: instructions; data and instruction misses of the first level, of the
last level; mispredicted branches, conditional and indirect."""

_SUMS = {
    "instructions": ("Ir",),
    "l1_misses": ("I1mr", "D1mr", "D1mw"),
    "ll_misses": ("ILmr", "DLmr", "DLmw"),
    "mispredictions": ("Bcm", "Bim"),
}

JIT = "???"
"""Callgrind's name for an object without a file: JIT code. Only its addresses are those of the process; others are
those in the file."""


@dataclass
class Counts:
    """Costs by address of JIT code: arrays in order of ``COSTS``, int64; of samples as time, float64.

    ``own``: of the instruction; ``called``: of its calls outside the JIT code, by the name of the called function;
    ``library_calls``: number of calls of such functions; ``calls``: (caller's address, callee's address) of calls
    between JIT functions to their number; ``elsewhere``: of the object's code outside kernels, by address;
    ``reentering``: functions outside it that call kernels again, so that their cost includes the kernels'. ``names``:
    for functions without one, a name in place of their address.
    """

    own: dict[int, Cost] = field(default_factory=dict)
    called: dict[tuple[int, str], Cost] = field(default_factory=dict)
    library_calls: dict[str, int] = field(default_factory=dict)
    calls: dict[tuple[int, int], int] = field(default_factory=dict)
    elsewhere: dict[int, Cost] = field(default_factory=dict)
    reentering: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


def unnamed(library: str) -> str:
    """The name of a function without a symbol: by its file."""
    return "(generated code)" if library == JIT else f"(unnamed, {os.path.basename(library)})"


def read_counts(lines: Iterable[str], is_kernel: Callable[[int], bool], code: str = JIT) -> Counts:
    """Sum up a callgrind file: the rows of the object ``code``, in which ``is_kernel`` selects the addresses of
    kernels' code; the rest is left out."""
    counts = Counts()
    sums: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)
    inside = False
    target: tuple[bool, str, int, int] | None = None
    called_object, called_function = "", ""
    current_object, current_function = "", ""
    graph: dict[str, set[str]] = {}
    for line in lines:
        first = line[:1]
        if first == "0":
            if inside:
                _row(line, target, counts, sums, is_kernel)
            elif target is not None:
                graph.setdefault("" if target[0] else target[1], set()).add(current_function)
            target = None
        elif line.startswith("calls="):
            number, address = line[6:].split()[:2]
            target = ((called_object or current_object) == code, called_function, int(address, 16), int(number))
            called_object = ""
        elif line.startswith("ob="):
            current_object = line[3:].strip()
            inside = current_object == code
        elif line.startswith("cob="):
            called_object = line[4:].strip()
        elif line.startswith("fn="):
            current_function = line[3:].strip()
        elif line.startswith("cfn="):
            called_function = line[4:].strip()
            if called_function.startswith("0x"):
                counts.names[called_function] = unnamed(called_object or current_object)
        elif line.startswith("events:"):
            names = line.split()[1:]
            sums = np.array([[name in _SUMS[cost] for cost in COSTS] for name in names], np.int64)
    counts.reentering = _above("", graph)
    return counts


def _above(name: str, callers: Mapping[str, set[str]]) -> set[str]:
    """All functions that call this one, themselves or by others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = callers.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _row(
    line: str,
    target: tuple[bool, str, int, int] | None,
    counts: Counts,
    sums: npt.NDArray[np.int64],
    is_kernel: Callable[[int], bool],
) -> None:
    address, _, *values = line.split()
    place = int(address, 16)
    known = is_kernel(place)
    if not known and target is not None:
        return
    # Trailing zeros are not written.
    cost = np.array(values, np.int64) @ sums[: len(values)]
    if not known:
        counts.elsewhere[place] = counts.elsewhere.get(place, 0) + cost
    elif target is None:
        counts.own[place] = counts.own.get(place, 0) + cost
    else:
        _called(target, place, cost, counts, is_kernel)


def _called(
    target: tuple[bool, str, int, int], place: int, cost: Cost, counts: Counts, is_kernel: Callable[[int], bool]
) -> None:
    within, function, callee, number = target
    if within and is_kernel(callee):
        counts.calls[place, callee] = counts.calls.get((place, callee), 0) + number
    else:
        counts.library_calls[function] = counts.library_calls.get(function, 0) + number
        counts.called[place, function] = counts.called.get((place, function), 0) + cost
