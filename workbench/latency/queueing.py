"""Response times from service times and arrivals: Lindley's recursion, quantiles, and the largest speed for a bound.

Lindley, "The theory of queues with a single server", Proc. Camb. Phil. Soc. 48 (1952): with service times S and times A
between arrivals, an event waits W[n+1] = max(0, W[n] + S[n] - A[n]), and is answered W[n] + S[n] after it came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry

Times = npt.NDArray[np.float64]

SLOWEST, FASTEST = 2.0**-10, 2.0**20
"""Speeds of the market between which a bound is tried."""

BOUNDED: Final = 0.999
"""The share of events that a bound is about."""


@entry
def lindley(services: Times, arrivals: Times, speed: float, responses: Times) -> None:
    """Response times of a single server that takes one event at a time, in the feed's order, when events come ``speed``
    times as fast; all in ns, shape (events,)."""
    wait = 0.0
    for event in range(len(services)):
        if event > 0:
            between = (arrivals[event] - arrivals[event - 1]) / speed
            wait = max(0.0, wait + services[event - 1] - between)
        responses[event] = wait + services[event]


def quantile(times: Times, share: float) -> float:
    """The least of ``times`` that so large a share of them does not exceed."""
    rank = max(math.ceil(share * len(times)) - 1, 0)
    return float(np.partition(times, rank)[rank])


def confirmed(holds: Callable[[float], bool], tries: int) -> Callable[[float], bool]:
    """A version of ``holds`` that fails only if ``holds`` fails ``tries`` times in a row: a momentary disturbance of
    the machine is not a property of the engine."""
    return lambda speed: any(holds(speed) for _ in range(tries))


def largest(holds: Callable[[float], bool], known: Mapping[float, bool], tolerance: float) -> float | None:
    """The largest speed up to which ``holds``, to a factor of 1 + ``tolerance``, by bisection of its logarithm; None if
    it does not hold at ``SLOWEST``, ``FASTEST`` if it holds there. ``known``: results that are known already.

    Faster arrivals never shorten a response of a single server, so there is one such speed. With a bulk server, and
    with service times that are measured again, a speed may fail and a greater one hold: the speed found is below the
    lowest that is known to fail.
    """
    high = min((speed for speed, held in known.items() if not held), default=None)
    low = max((speed for speed, held in known.items() if held and (high is None or speed < high)), default=None)
    if low is None:
        if (high is not None and high <= SLOWEST) or not holds(SLOWEST):
            return None
        low = SLOWEST
    while high is None:
        if low >= FASTEST:
            return FASTEST
        tried = min(4 * low, FASTEST)
        if holds(tried):
            low = tried
        else:
            high = tried
    while high / low > 1 + tolerance:
        middle = math.sqrt(low * high)
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
