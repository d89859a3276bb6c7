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
    """What a call with ``least`` to ``most`` records took for ``each`` record, the median; ``blocks``: how many such
    calls there were, of which a sample is kept where they are many."""

    least: int
    most: int
    blocks: int
    each: float


@dataclass(frozen=True, slots=True)
class VariantLatency:
    """``block``: records that it takes at a time at most. ``replay``: what an event takes in a replay that nothing
    looks into; ``probe``: what the probe adds to every call, which is in all other figures. ``service``: of calls
    with one event, None where it takes several; ``actions``: the same by the record's action; ``costs``: of calls
    with several. ``largest``: the largest speed of the market at which the bound was kept, None if it was at none."""

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
    """``clock``: the field that arrivals are from; ``events``: that queue; ``opening``: records of a snapshot before
    them; ``late``: records that stand behind one with a later time; ``span``: from the first arrival to the last;
    ``bound``: within which a share of ``quantile`` is to be answered."""

    clock: str
    events: int
    opening: int
    late: int
    span: float
    bound: float
    quantile: float
    counter: Counter
    variants: tuple[VariantLatency, ...]
