"""How long events took to be answered: service times, and response times under the feed's own load. All in ns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """``hdr``: all of it, as HdrHistogram encodes itself (V2, compressed, base64)."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    p99_99: float
    max: float
    hdr: str


@dataclass(frozen=True, slots=True)
class Load:
    """Events that come ``speed`` times as fast as they did. ``utilization``: the share of the time that serving takes,
    above 1 where the queue grows as long as the feed lasts; ``blocks``: in how many calls they were served."""

    speed: float
    utilization: float
    blocks: int
    response: Distribution


@dataclass(frozen=True, slots=True)
class BlockCost:
    """The median time per record, ``each``, of calls with ``least`` to ``most`` records; ``blocks``: the number of such
    calls, of which a sample is kept if there are many."""

    least: int
    most: int
    blocks: int
    each: float


@dataclass(frozen=True, slots=True)
class VariantLatency:
    """``block``: most records of a call. ``replay``: time per event in a replay without a probe; ``probe``: the probe's
    part of every call, included in all other figures. ``service``: of calls with one event, None if it takes several;
    ``actions``: the same by the record's action; ``costs``: of calls with several. ``largest``: the largest speed of
    the market at which the bound was kept, None if there was none."""

    variant: str
    block: int
    passes: int
    replay: float
    probe: float
    service: Distribution | None
    actions: Mapping[str, Distribution]
    costs: tuple[BlockCost, ...]
    loads: tuple[Load, ...]
    largest: float | None


@dataclass(frozen=True, slots=True)
class Counter:
    """``name``: ``tsc`` or ``clock_gettime``; ``hertz``: of the counter, held against CLOCK_MONOTONIC."""

    name: str
    hertz: float


@dataclass(frozen=True, slots=True)
class Latency:
    """``clock``: the field of arrivals; ``events``: those that queue; ``opening``: records of a snapshot before them;
    ``late``: records that follow one with a later time; ``span``: from the first arrival to the last; ``bound``: the
    time within which a share of ``quantile`` must be answered."""

    clock: str
    events: int
    opening: int
    late: int
    span: float
    bound: float
    quantile: float
    counter: Counter
    variants: tuple[VariantLatency, ...]
