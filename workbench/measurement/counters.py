"""Counting what the mechanisms do on a feed, with the instrumented build of each variant; and how many orders rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from engine.feeds import LoadedFeed
from engine.policy import Variant
from engine.session import Replay

_LOOKS = 32
"""Times that a feed's live orders are counted."""


def count(
    feed: LoadedFeed,
    variants: Sequence[Variant],
    *,
    evaluate: str,
    until: str = "strategies",
    advance: Callable[[int], None],
) -> dict[str, dict[str, int]]:
    """Variant to counter to its total over the feed. ``advance`` is told of the records done."""
    counted = {}
    for variant in variants:
        with Replay(variant, evaluate=evaluate, counters=True, until=until) as replay:
            for chunk in feed:
                replay.apply(chunk)
                advance(chunk.count)
            counters = replay.finish().counters
        assert counters is not None, "an instrumented replay counts"
        counted[variant.name] = counters
    return counted


def peak_orders(feed: LoadedFeed, variant: Variant, *, evaluate: str, until: str = "strategies") -> int:
    """Most orders that rest in all books together, looked at at equal distances; at least 1."""
    most = 1
    edges = [feed.count * look // _LOOKS for look in range(_LOOKS + 1)]
    with Replay(variant, evaluate=evaluate, observe=False, until=until) as replay:
        for start, stop in pairwise(edges):
            replay.apply(feed.slice(start, stop))
            most = max(most, int(replay.memory()["orders"]))
    return most
