"""Candidates for a feed: for each group of parameters that act together, changes of the best so far."""

from __future__ import annotations

from lobench.engine.parameters import NEVER, FeedTraits, Options
from lobench.engine.records import BATCH
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, RANGES, lines_for

_LOADS = ((26, 18), (48, 36))
"""``fullest`` and ``after`` of a sparse and of a dense table."""
_DISTANCES = (6, 24)
_PER_LEVEL = (4, 64)
_TOGETHER = (BATCH, 1 << 18)
_WIDEST = (512,)
_NARROW = 256
"""If prices span fewer ticks, the widest window is useless."""


def candidates(traits: FeedTraits) -> dict[str, Options]:
    """Group name to its options, those that may change most first."""
    return {
        "looking ahead": _looking_ahead(traits),
        "order table": _tables(traits),
        "order of records": _batch_sort(traits),
        "levels": _levels(traits),
    }


def _looking_ahead(traits: FeedTraits) -> Options:
    """The opposite of the defaults for a feed of this size, and other distances."""
    if traits.held_bytes >= DEFAULTS.ahead_bytes:
        return [{"ahead_bytes": NEVER}, *({"distance": distance} for distance in _DISTANCES)]
    return [{"ahead_bytes": 0}, *({"ahead_bytes": 0, "distance": distance} for distance in _DISTANCES)]


def _batch_sort(traits: FeedTraits) -> Options:
    """The opposite of the defaults for this many books, and fewer and more records at a time."""
    options = [{"grouped": NEVER if traits.books >= DEFAULTS.grouped else 0}]
    return options + [{"together": count} for count in _TOGETHER]


def _tables(traits: FeedTraits) -> Options:
    """Large enough at once for all resting orders, at several loads; if that is little, larger."""
    options: Options = [{"least_lines": _lines(traits, DEFAULTS.after)}]
    for fullest, after in _LOADS:
        options.append({"fullest": fullest, "after": after, "least_lines": _lines(traits, after)})
    if _lines(traits, DEFAULTS.after) <= DEFAULTS.least_lines:
        options.append({"least_lines": 2 * DEFAULTS.least_lines})
    return options


def _lines(traits: FeedTraits, after: int) -> int:
    """Lines that all orders fill up to ``after`` of 64 slots."""
    low, high, _ = RANGES["least_lines"]
    return min(max(low, lines_for(traits.live_orders, after)), high)


def _levels(traits: FeedTraits) -> Options:
    options: Options = [{"per_level": share} for share in _PER_LEVEL]
    if traits.span_ticks > _NARROW:
        options += [{"widest": width} for width in _WIDEST]
    return options
