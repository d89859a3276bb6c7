"""From rows of samples to arrays: nanoseconds an event, in blocks, for each process.

A *block* is a group of neighbouring slices in all passes of one process, at least ``BLOCK_SAMPLES`` samples of each
variant where there are as many. Its time is their median: a sample that another tenant of the machine disturbed moves
no median, and nothing is left out. A variant's time in a process is the mean of its blocks' medians, weighted by the
blocks' events, so that every stretch of the feed counts as often as it has events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import LobenchError
from workbench.measurement.design import slices

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BLOCK_SAMPLES = 3
"""Samples of a variant in a block: the median of three bears one that was disturbed."""


@dataclass(frozen=True)
class Blocks:
    """One process. ``nanoseconds``: medians an event, shape (blocks, variants); ``events``: of each block, shape
    (blocks,)."""

    process: int
    nanoseconds: Floats
    events: Floats

    def log_times(self) -> Floats:
        """log of ns an event over the whole feed, shape (variants,)."""
        logs: Floats = np.log(self.events @ self.nanoseconds / self.events.sum())
        return logs

    def resampled(self, draws: int, rng: np.random.Generator) -> Floats:
        """``log_times`` of ``draws`` resamples of the blocks, with replacement, shape (draws, variants)."""
        count = len(self.events)
        weights = rng.multinomial(count, np.full(count, 1 / count), size=draws) * self.events
        logs: Floats = np.log(weights @ self.nanoseconds / weights.sum(axis=1, keepdims=True))
        return logs


@dataclass(frozen=True)
class Timings:
    """All processes of a session. ``names`` are the variants, in the order of the arrays' columns."""

    names: tuple[str, ...]
    processes: tuple[Blocks, ...]

    @property
    def repeated(self) -> bool:
        """Whether there are several processes, without which no verdict is drawn."""
        return len(self.processes) > 1

    def units(self) -> Floats:
        """What intervals are made from: log of ns an event, shape (processes, variants).

        Of a single process, the same of its blocks, shape (blocks, variants): they share whatever is peculiar to it.
        """
        if self.repeated:
            return np.array([process.log_times() for process in self.processes])
        return np.log(self.processes[0].nanoseconds)

    def column(self, name: str) -> int:
        return self.names.index(name)


def columns(samples: Mapping[str, Any]) -> dict[str, Integers]:
    """The columns of a ``Samples`` by name, each of shape (samples,)."""
    rows = np.asarray(samples["rows"], dtype=np.int64).reshape(-1, len(samples["columns"]))
    return {name: rows[:, place] for place, name in enumerate(samples["columns"])}


def slice_events(session: Mapping[str, Any]) -> Floats:
    """Events that one sample of each slice times: its lead-in is not among them. Shape (slices,)."""
    design = session["design"]
    parts = slices(int(session["events"]), int(design["slice_records"]), int(design["lead_in_records"]))
    return np.array([part.stop - part.timed for part in parts], dtype=np.float64)


def session_timings(session: Mapping[str, Any], clock: str = "cpu_ns") -> Timings:
    """What a session measured. Raises LobenchError when no process has a sample of every
    variant."""
    return timings(columns(session["samples"]), session["measured"], slice_events(session), clock)


def timings(
    table: Mapping[str, Integers], names: Sequence[str], events: Floats, clock: str, width: int | None = None
) -> Timings:
    """The blocks of each process. ``events``: of each slice, shape (slices,); ``width``: slices of a block, None for as
    many as the process with the fewest passes needs.

    A block that lacks a variant, as after an interrupt, is left out for all variants of that process. A single process
    that fills only one block is cut into its samples. Raises LobenchError when nothing is left.
    """
    cubes = {}
    for process in np.unique(table["process"]):
        own = table["process"] == process
        numbers, places = np.unique(table["pass"][own], return_inverse=True)
        cube = np.full((len(numbers), len(events), len(names)), np.nan)
        cube[places, table["slice"][own], table["variant"][own]] = table[clock][own]
        cubes[int(process)] = cube / events[:, None]
    if width is None:
        width = -(-BLOCK_SAMPLES // min((len(cube) for cube in cubes.values()), default=1))
    made = [_blocks(process, cube, events, width) for process, cube in cubes.items()]
    kept = tuple(process for process in made if len(process.events))
    if not kept:
        raise LobenchError("no pass over the feed was completed, so there is nothing to say of it: measure longer")
    if len(kept) == 1 and len(kept[0].events) == 1:
        process, cube = kept[0].process, cubes[kept[0].process]
        samples = cube.reshape(1, -1, cube.shape[2])
        kept = (_blocks(process, samples, np.tile(events, len(cube)), 1),)
    return Timings(tuple(names), kept)


def _blocks(process: int, cube: Floats, events: Floats, width: int) -> Blocks:
    """``cube``: ns an event, shape (passes, slices, variants), NaN where there is no sample."""
    _, count, variants = cube.shape
    edges = np.linspace(0, count, max(1, count // width) + 1).astype(int)
    medians = np.full((len(edges) - 1, variants), np.nan)
    for number, (start, stop) in enumerate(pairwise(edges)):
        samples = cube[:, start:stop].reshape(-1, variants)
        samples = samples[~np.isnan(samples).any(axis=1)]
        if len(samples):
            medians[number] = np.median(samples, axis=0)
    # A time of 0 (a clock too coarse for so short a slice) has no logarithm.
    kept = (medians > 0).all(axis=1)
    return Blocks(process, medians[kept], np.add.reduceat(events, edges[:-1])[kept])
