"""How a session is laid out: processes, passes, slices and their lead-ins."""

from __future__ import annotations

from dataclasses import dataclass

from lobench.variants import REFERENCE
from lobench.workbench.results.model.control import again

CONTROL = again(REFERENCE)
"""The reference under another name: the measured difference of two identical things is the laboratory's error."""

ALIKE = 1.25
"""Two variants within this factor have about the same speed: the error of an identical pair of the one also applies to
the other."""

PROCESSES = 32
"""Maximum number of fresh processes of a session, unless stated otherwise. Samples of one process share its memory
layout, so a session needs several (``allotment``)."""

STARTUP = 1.5
"""Seconds of a process beside measuring, before any has reported."""

_ISOLATED_PROCESSES = 5
"""About this many processes also measure each variant alone."""

SLICE_RECORDS = 131_072
LEAD_IN_RECORDS = 32_768
"""A grain that suits books of a few thousand orders, where none is chosen."""


@dataclass(frozen=True)
class Slice:
    """Records ``start`` to ``timed`` are replayed untimed, ``timed`` to ``stop`` are timed."""

    start: int
    timed: int
    stop: int


def isolated_every(processes: int) -> int:
    """One in this many processes has an isolated pass."""
    return max(1, processes // _ISOLATED_PROCESSES)


def equal_slices(events: int, aim: int) -> int:
    """Records of a slice, so that ``events`` records are cut in equal parts of about ``aim``; one if there are
    fewer."""
    return -(-events // max(1, round(events / aim)))


def slices(events: int, slice_records: int, lead_in_records: int) -> list[Slice]:
    """``events`` records cut every ``slice_records``, each slice with its lead-in of at most half of it."""
    found = []
    for start in range(0, events, slice_records):
        stop = min(start + slice_records, events)
        found.append(Slice(start, start + min(lead_in_records, (stop - start) // 2), stop))
    return found
