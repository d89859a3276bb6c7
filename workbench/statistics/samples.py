"""From rows of samples to one number for each process and variant: the log of nanoseconds an event.

A *round* is one slice of one pass, replayed by every variant in turn. The log of a time is modelled as the sum of the
cost of the slice for the variant, the disturbance of the round (a neighbour on the machine, a slower clock: all
variants alike), the process's peculiarity for the variant, and a residual with long tails. The parts are fitted by
sweeping out robust locations in turn, as a median polish does (Tukey 1977, chapter 11). So disturbances of rounds
cancel, every stretch of the feed counts in proportion to its events, and no sample is dropped because of its value.

The cost of a slice is common to all processes, so the number of each is a jackknife pseudo-value (Tukey 1958): the
estimate from all, and the change due to this one. If slices are seen often, this is the process's own level; if they
are seen a few times, a slice that was slow in some processes only makes the interval as wide as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import LobenchError
from lobench.workbench.measurement.design import slices
from lobench.workbench.results.model.samples import Rows, SessionResult

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TRIMMED = 0.25
"""Share of the values on either side that a location leaves out: the rest is the mean of the middle half."""
_SWEEPS = 8


class Table(Protocol):
    """Rows of samples with the names of their columns."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> Rows: ...


@dataclass(frozen=True)
class Process:
    """One process. ``logs``: log of ns an event, shape (rounds, variants); ``residuals``: the same without the cost of
    the slice and the disturbance of the round; ``log_times``: log of ns an event over the whole feed, shape
    (variants,)."""

    number: int
    logs: Floats
    residuals: Floats
    log_times: Floats

    def resampled(self, draws: int, rng: np.random.Generator) -> Floats:
        """``log_times`` of ``draws`` resamples of the rounds, with replacement, shape (draws, variants)."""
        count = len(self.residuals)
        chosen = rng.integers(count, size=(count, draws))
        return self.log_times + location(self.residuals[chosen]) - location(self.residuals)


@dataclass(frozen=True)
class Timings:
    """All processes of a session. ``names`` are the variants, in the order of the arrays' columns."""

    names: tuple[str, ...]
    processes: tuple[Process, ...]

    @property
    def repeated(self) -> bool:
        """Whether there are several processes, without which no verdict is drawn."""
        return len(self.processes) > 1

    def units(self) -> Floats:
        """The input of intervals: log of ns per event, shape (processes, variants).

        For a single process, the same of its rounds, shape (rounds, variants): they share the process's peculiarity.
        """
        if self.repeated:
            return np.array([process.log_times for process in self.processes])
        return self.processes[0].logs

    def column(self, name: str) -> int:
        return self.names.index(name)


class Columns:
    """Samples by column, each of shape (samples,). A column that the samples lack raises KeyError."""

    def __init__(self, found: Mapping[str, Integers]) -> None:
        self._found = found

    @property
    def process(self) -> Integers:
        return self._found["process"]

    @property
    def number(self) -> Integers:
        """The column ``pass``: each process counts its own."""
        return self._found["pass"]

    @property
    def slice(self) -> Integers:
        return self._found["slice"]

    @property
    def variant(self) -> Integers:
        """Indexes of names."""
        return self._found["variant"]

    @property
    def workers(self) -> Integers:
        return self._found["workers"]

    @property
    def value(self) -> Integers:
        """Of a sweep's parameter."""
        return self._found["value"]

    @property
    def contaminated(self) -> Integers:
        return self._found["contaminated"]

    def time(self, clock: str) -> Integers:
        """Nanoseconds by a clock: ``cpu_ns`` or ``wall_ns``."""
        return self._found[clock]

    def where(self, chosen: npt.NDArray[np.bool_], **changed: Integers) -> Columns:
        """Some of the samples; ``changed``: columns to put in the place of theirs."""
        return Columns({name: column[chosen] for name, column in self._found.items()} | changed)


def columns(samples: Table) -> Columns:
    """The samples by column."""
    rows = np.asarray(samples.rows, dtype=np.int64).reshape(-1, len(samples.columns))
    return Columns({name: rows[:, place] for place, name in enumerate(samples.columns)})


def slice_events(session: SessionResult) -> Floats:
    """Events that one sample of each slice times: its lead-in is not among them. Shape (slices,)."""
    parts = slices(session.events, session.design.slice_records, session.design.lead_in_records)
    return np.array([part.stop - part.timed for part in parts], dtype=np.float64)


def session_timings(session: SessionResult, clock: str = "cpu_ns") -> Timings:
    """A session's samples, by ``clock``. Raises LobenchError if no round is complete."""
    return timings(columns(session.samples), session.measured, slice_events(session), clock)


def timings(table: Columns, names: Sequence[str], events: Floats, clock: str = "cpu_ns") -> Timings:
    """The analysis of samples; ``events``: of each slice, shape (slices,). A round without all
    variants, as after an interrupt, is left out. Raises LobenchError if no round is complete."""
    rounds: list[tuple[int, Integers, Floats]] = []
    for number, cube in cubes(table, len(names), events, clock).items():
        # A time of 0 (a clock too coarse for so short a slice) has no logarithm.
        complete = (cube > 0).all(axis=2)
        if complete.any():
            rounds.append((number, np.nonzero(complete)[1], np.log(cube[complete])))
    if not rounds:
        raise LobenchError("no pass over the feed was completed: measure longer")
    return Timings(tuple(names), fitted(rounds, events))


def fitted(rounds: Sequence[tuple[int, Integers, Floats]], events: Floats) -> tuple[Process, ...]:
    """Processes from (number, slice of each round, log of ns an event of shape (rounds, variants)); ``events``: of each
    slice."""
    places = np.concatenate([own for _, own, _ in rounds])
    logs = np.concatenate([own for _, _, own in rounds])
    owners = np.repeat(np.arange(len(rounds)), [len(own) for _, own, _ in rounds])
    there, index = np.unique(places, return_inverse=True)
    disturbance = np.zeros((len(logs), 1))
    of_slice, of_process = _groups(index), _groups(owners)
    for _ in range(_SWEEPS):
        cost = _locations(logs - disturbance, of_slice)
        rest = logs - cost[index]
        peculiarity = _locations(rest - disturbance, of_process)
        disturbance = np.median(rest - peculiarity[owners], axis=1, keepdims=True)
    levels = _pseudo_values(logs - disturbance, index, owners, events[there] / events[there].sum())
    calm = rest - disturbance
    made = []
    for owner, (number, _, own) in enumerate(rounds):
        mine = owners == owner
        # The machine's constant load is part of a process's times and cancels in its ratios.
        busy = np.median(disturbance[mine])
        made.append(Process(number, own, calm[mine] + busy, levels[owner] + busy))
    return tuple(made)


def _pseudo_values(calm: Floats, index: Integers, owners: Integers, weights: Floats) -> Floats:
    """The jackknife's pseudo-values of the log of the time of the whole feed, shape (processes, variants), around the
    estimate from all processes. ``calm``: logs without disturbances; ``index``: the slice of each, ``owners``: its
    process."""
    count = int(owners.max()) + 1

    def said(chosen: npt.NDArray[np.bool_]) -> Floats:
        values, of = calm[chosen], owners[chosen]
        # A slice that the chosen processes never finished keeps its cost over all processes.
        cost = whole.copy()
        there, place = np.unique(index[chosen], return_inverse=True)
        cost[there] = _locations(values, _groups(place))
        rest = values - cost[index[chosen]]
        levels = [location(rest[of == owner]) for owner in np.unique(of)]
        level: Floats = np.log(weights @ np.exp(cost)) + np.mean(levels, axis=0)
        return level

    whole = _locations(calm, _groups(index))
    everybody = said(np.ones(len(calm), dtype=bool))
    if count == 1:
        return everybody[None, :]
    without = np.array([said(owners != owner) for owner in range(count)])
    found: Floats = everybody + (count - 1) * (without.mean(axis=0) - without)
    return found


def cubes(table: Columns, variants: int, events: Floats, clock: str) -> dict[int, Floats]:
    """Process to ns an event, shape (passes, slices, variants), NaN where there is no sample. ``events``: of each
    slice, shape (slices,)."""
    found = {}
    for process in np.unique(table.process):
        own = table.where(table.process == process)
        numbers, places = np.unique(own.number, return_inverse=True)
        cube = np.full((len(numbers), len(events), variants), np.nan)
        cube[places, own.slice, own.variant] = own.time(clock)
        found[int(process)] = cube / events[:, None]
    return found


def _groups(labels: Integers) -> Integers:
    """Places of the values of each group 0, 1, ..., shape (groups, size of the largest), the rest -1."""
    sizes = np.bincount(labels)
    found = np.full((len(sizes), sizes.max()), -1)
    found[np.arange(sizes.max()) < sizes[:, None]] = np.argsort(labels, kind="stable")
    return found


def _locations(values: Floats, groups: Integers) -> Floats:
    """Mean of the middle half of the rows of each group. ``values`` of shape (rows, columns), the result of (groups,
    columns)."""
    chosen = np.sort(np.where(groups[..., None] < 0, np.inf, values[groups]), axis=1)
    sizes = (groups >= 0).sum(axis=1)
    cut = (TRIMMED * sizes).astype(int)
    places = np.arange(groups.shape[1])
    middle = (places >= cut[:, None]) & (places < (sizes - cut)[:, None])
    found: Floats = np.where(middle[..., None], chosen, 0.0).sum(axis=1) / middle.sum(axis=1)[:, None]
    return found


def location(values: Floats) -> Floats:
    """Mean of the middle half along the first axis."""
    cut = int(TRIMMED * len(values))
    found: Floats = np.sort(values, axis=0)[cut : len(values) - cut].mean(axis=0)
    return found
