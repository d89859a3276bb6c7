"""Exact counts per event: free of noise, so that the smallest change of work shows (``asv compare --factor 1.005``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .common import COUNTERS, FEEDS, VARIANTS, Prepared, counts


class Exact(Prepared):
    """Mechanism counters from the instrumented build, and instructions of the timed one, counted by callgrind."""

    version = "1"
    params = (VARIANTS, FEEDS)

    def track_instructions(self, cache: dict[str, Any], variant: str, feed: str) -> float:
        return looked_up(cache, variant, feed, "instructions")

    track_instructions.unit = "instructions/event"  # type: ignore[attr-defined]
    track_instructions.pretty_name = "instructions of an event"  # type: ignore[attr-defined]


def looked_up(cache: dict[str, Any], variant: str, feed: str, kind: str) -> float:
    """A count; NotImplementedError if there is none, or if a variant never does the counted operation, which makes no
    series."""
    found = counts(cache, variant, feed, kind)
    if not found.get(kind):
        raise NotImplementedError(f"no {kind} here")
    return float(found[kind])


def _tracked(kind: str) -> Callable[..., float]:
    def track(self: Exact, cache: dict[str, Any], variant: str, feed: str) -> float:
        return looked_up(cache, variant, feed, kind)

    track.__name__ = track.__qualname__ = f"track_{kind}"
    track.unit = "per event"  # type: ignore[attr-defined]
    track.pretty_name = f"{kind.replace('_', ' ')} of an event"  # type: ignore[attr-defined]
    track.pretty_source = f"the instrumented build's {kind}, divided by the events"  # type: ignore[attr-defined]
    return track


for _kind in COUNTERS:
    setattr(Exact, f"track_{_kind}", _tracked(_kind))
