"""Measurements beside the session: scaling over workers, physical limits, the sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lobench.workbench.results.model.analysis import Limit, ScalingPoint
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import MeasuredLimits, NamedSamples, Sweep, SweepPoint
from lobench.workbench.statistics.intervals import estimate, median_interval
from lobench.workbench.statistics.samples import Columns, Floats, columns


def scaling(samples: NamedSamples, events: int, at_once: NamedSamples | None = None) -> tuple[ScalingPoint, ...] | None:
    """Throughput in wall time by variant and number of workers, and the speed-up over the fewest workers of the same
    variant. Replays that were not repeated say nothing; None if none was.

    ``ceiling``: with as many replays at once, events a second of all together over those of one by itself; None where
    that was not measured.
    """
    table = columns(samples)
    beside = columns(at_once) if at_once else None
    found = []
    for place, name in enumerate(samples.names):
        repeats = {
            int(workers): _repeats(own.where(own.workers == workers), "wall_ns")
            for own in [table.where(table.variant == place)]
            for workers in np.unique(own.workers)
        }
        fewest = next(iter(repeats), 0)
        for workers, logs in repeats.items():
            common = sorted(logs.keys() & repeats[fewest].keys())
            if len(common) > 1:
                found.append(
                    ScalingPoint(
                        variant=name,
                        workers=workers,
                        events_per_second=estimate(-np.array(list(logs.values()))).ratio(events * 1e9),
                        speedup=estimate(np.array([repeats[fewest][key] - logs[key] for key in common])).ratio(),
                        ceiling=_ceiling(repeats[fewest], beside, place, workers),
                    )
                )
    return tuple(found) or None


def _ceiling(alone: Mapping[int, float], beside: Columns | None, variant: int, count: int) -> Interval | None:
    if beside is None:
        return None
    logs = _repeats(beside.where((beside.variant == variant) & (beside.workers == count)), "wall_ns")
    common = sorted(logs.keys() & alone.keys())
    if len(common) < 2:
        return None
    return estimate(np.array([alone[key] - logs[key] for key in common])).ratio(count)


def sweep(measured: Sweep) -> tuple[SweepPoint, ...]:
    """CPU time an event by variant and value of the parameter, in ns. Points that were not repeated are left out."""
    table = columns(measured)
    found = []
    for place, name in enumerate(measured.names):
        own = table.where(table.variant == place)
        for value in np.unique(own.value):
            logs = _repeats(own.where(own.value == value), "cpu_ns")
            if len(logs) > 1:
                time = estimate(np.array(list(logs.values()))).ratio(1 / measured.events)
                found.append(SweepPoint(name, int(value), time))
    return tuple(found)


def _repeats(samples: Columns, clock: str) -> dict[int, float]:
    """Log of the median time of each process, or of each pass if there is only one process."""
    by = samples.process if len(np.unique(samples.process)) > 1 else samples.number
    times = samples.time(clock)
    return {int(number): float(np.log(np.median(times[by == number]))) for number in np.unique(by)}


def limits(measured: MeasuredLimits) -> tuple[Limit, ...]:
    """Physical limits in events a second: no engine on this machine can exceed them if it reads every record, or if it
    finds each event's order in memory."""
    read, access = measured.sequential_read, measured.random_access
    return (
        Limit(
            "sequential read",
            f"reading the {read.bytes:,} bytes of {read.events:,} events in order, and nothing else",
            _rate(read.events, read.samples_ns),
        ),
        Limit(
            "random access",
            f"one access an event at a random place of a table of {access.orders:,} orders "
            f"({access.table_bytes:,} bytes), and nothing else",
            _rate(access.accesses, access.samples_ns),
        ),
    )


def _rate(count: int, samples_ns: Sequence[int]) -> Interval:
    rates: Floats = count * 1e9 / np.array(samples_ns, dtype=np.float64)
    return median_interval(rates)
