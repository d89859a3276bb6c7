"""Exact counts per event: free of noise, so that the smallest change of work shows (``asv compare --factor 1.005``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented

from .common import COUNTERS, FEEDS, VARIANTS, Prepared, attributes, counts


class Exact(Prepared):
    """Mechanism counters from the instrumented build, and instructions of the timed one, counted by callgrind."""

    version = "1"
    params = (VARIANTS, FEEDS)

    @attributes(unit="instructions/event", pretty_name="instructions of an event")
    def track_instructions(self, cache: dict[str, Any], variant: str, feed: str) -> float:
        return looked_up(cache, variant, feed, "instructions")


def looked_up(cache: dict[str, Any], variant: str, feed: str, kind: str) -> float:
    """A count; NotImplementedError if there is none, or if a variant never does the counted operation, which makes no
    series."""
    found = counts(cache, variant, feed, kind)
    if not found.get(kind):
        raise SkipNotImplemented(f"no {kind} here")
    return float(found[kind])


def _tracked(kind: str) -> Callable[..., float]:
    def track(self: Exact, cache: dict[str, Any], variant: str, feed: str) -> float:
        return looked_up(cache, variant, feed, kind)

    track.__name__ = track.__qualname__ = f"track_{kind}"
    return attributes(
        unit="per event",
        pretty_name=f"{kind.replace('_', ' ')} of an event",
        pretty_source=f"the instrumented build's {kind}, divided by the events",
    )(track)


for _kind in COUNTERS:
    setattr(Exact, f"track_{_kind}", _tracked(_kind))
