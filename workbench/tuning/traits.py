"""The traits of a part of a feed that parameters may depend on: one replay, and a scan of its records."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import LoadedFeed
from lobench.engine.policy import Variant
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.replay import Replay
from lobench.engine.workload import Workload

_LOOKS = 32
"""Times that orders, levels and memory are looked at."""
_MIDDLE = (0.01, 0.99)
"""Prices beyond are left out of the span: a few stray orders say nothing of where books live."""


@dataclass(frozen=True)
class Traits:
    """``events``: records looked at. ``actions``: their shares, by letter. ``live_orders``, ``live_levels``: most that
    rest at one time in all books together; ``held_bytes``: of tables, levels and windows then. ``tick``,
    ``span_ticks``: of the instrument with most records, the grid of its prices and how many ticks 98 % of them span.
    ``evaluations``: for each record. ``nanoseconds``: CPU time for each record with default parameters, roughly.
    """

    events: int
    actions: dict[str, float]
    books: int
    live_orders: int
    live_levels: int
    held_bytes: int
    tick: int
    span_ticks: int
    evaluations: float
    nanoseconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def traits_of(
    feed: LoadedFeed, first: int, last: int, variant: Variant, workload: Workload, *, advance: Callable[[int], None]
) -> Traits:
    """Of records ``first`` to ``last`` (excluded, at least one) of a feed, with the books that earlier records left:
    nothing after them is read. ``variant`` replays it; ``advance`` receives the number of records done."""
    count = last - first
    orders = levels = held = 0
    with Replay(variant, evaluate=workload.evaluate, observe=False) as replay:
        _run(replay, feed, 0, first)
        advance(first)
        before = replay.finish().evaluations
        spent = 0
        for start, stop in pairwise(first + count * look // _LOOKS for look in range(_LOOKS + 1)):
            spent += _run(replay, feed, start, stop)
            memory = replay.memory()
            orders, levels = max(orders, int(memory["orders"])), max(levels, int(memory["levels"]))
            held = max(held, sum(int(count) for name, count in memory.items() if name.endswith("_bytes")))
            advance(stop - start)
        books, result = len(replay.books()), replay.finish()
    records = feed.records[first:last]
    letters, counts = np.unique(records["action"], return_counts=True)
    tick, span = _grid(records)
    return Traits(
        events=count,
        actions={_letter(letter): float(number) / count for letter, number in zip(letters, counts, strict=True)},
        books=books,
        live_orders=orders,
        live_levels=levels,
        held_bytes=held,
        tick=tick,
        span_ticks=span,
        evaluations=(result.evaluations - before) / count,
        nanoseconds=spent / count,
    )


def _run(replay: Replay, feed: LoadedFeed, start: int, stop: int) -> int:
    """Thread CPU time in ns."""
    chunk = feed.slice(start, stop)
    began = time.thread_time_ns()
    replay.run(chunk.address, chunk.stride, chunk.count)
    return time.thread_time_ns() - began


def _letter(action: int) -> str:
    text = chr(action)
    return text if text.isascii() and text.isalpha() else str(int(action))


def _grid(records: npt.NDArray[np.void]) -> tuple[int, int]:
    """Tick and span in ticks of the busiest instrument; (0, 0) where all its prices are one."""
    instruments, counts = np.unique(records["instrument_id"], return_counts=True)
    own = records["instrument_id"] == instruments[np.argmax(counts)]
    prices = records["price"][own & (records["price"] != UNDEF_PRICE)]
    distinct = np.unique(prices)
    # As unsigned numbers, differences of prices at both ends of the int64 range are exact.
    steps = np.diff(distinct.astype(np.uint64))
    if not len(steps):
        return 0, 0
    tick = int(np.gcd.reduce(steps))
    low, high = (int(end) for end in np.quantile(prices, _MIDDLE, method="nearest"))
    return tick, (high - low) // tick
