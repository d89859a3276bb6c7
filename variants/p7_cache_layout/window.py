"""Laying a book's window: which tick, from where, how wide. It follows the market, and every level keeps its number.

The tick is the greatest common divisor of the distances between the prices in hand; should a few prices off the grid
spoil it, the window is small in time, and prices outside of it are found in the overflow, slower and as exactly.
"""

from __future__ import annotations

import numpy as np

from lobench.engine.arena import take
from lobench.engine.compiling import kernel
from lobench.engine.counters import WINDOWS_LAID, tally
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, Record, address_of, free, int64, malloc, memset, trailing_zeros, uint64, view
from lobench.engine.price_ladder import key_of
from lobench.variants.p7_cache_layout import overflow
from lobench.variants.p7_cache_layout.layout import BITS, FAR, HEAD_BYTES, WORD
from lobench.variants.p7_cache_layout.levels import (
    NUMBER_BYTES,
    best_of,
    inverse_of,
    numbers_at,
    put_bit,
    tick_of,
    window_bytes,
)
from lobench.variants.p7_cache_layout.overflow import overflow_of
from lobench.variants.p7_cache_layout.pool import free_level, level_at

LEAST_WIDTH = 64
FIRST_CREDIT = 8
MOST_CREDIT = 1 << 20
_LARGEST = 2**63 - 1
_SMALLEST = -(2**63)
_LARGEST_TICK = uint64(1 << 44)
_ZERO, _ONE = uint64(0), uint64(1)


@kernel
def distance(one: int, other: int) -> int:
    """|one - other|, uint64."""
    return uint64(one) - uint64(other) if one > other else uint64(other) - uint64(one)


@kernel
def common_divisor(one: int, other: int) -> int:
    while other != _ZERO:
        one, other = other, one % other
    return one


@kernel
def collect(packed: Record, head: Record, numbers: int) -> int:
    """Write the numbers of all levels of a book that are not empty; returns how many. Empty ones become free, and the
    overflow empty."""
    total = int64(0)
    for pair in range(int64(head["width"])):
        # Most are 0.
        if view(head["window"] + pair * 2 * NUMBER_BYTES, BITS)["value"] != _ZERO:
            for place in range(2 * pair, 2 * pair + 2):
                number = int64(numbers_at(head, place)["value"])
                if number != 0:
                    if level_at(packed, number)["size"] != 0:
                        view(numbers + total * NUMBER_BYTES, WORD)["value"] = number
                        total += 1
                    else:
                        free_level(packed, number)
    for which in range(2):
        far = overflow_of(head, which)
        leaf = overflow.first_leaf(far)
        while leaf != 0:
            for index in range(overflow.count_of(leaf)):
                view(numbers + total * NUMBER_BYTES, WORD)["value"] = overflow.rung_of(leaf, index)["level"]
                total += 1
            leaf = overflow.next_leaf(leaf)
        overflow.clear(far)
    return total


@kernel
def touch_of(packed: Record, head: Record, price: int) -> tuple[int, int]:
    """A price on the grid, and the target for the middle of the window; ``price`` if there is no level."""
    bid, ask = best_of(head, 0), best_of(head, 1)
    anchor, centre = price, price
    if bid != 0 and ask != 0:
        anchor = level_at(packed, bid)["price"]
        centre = (anchor >> 1) + (level_at(packed, ask)["price"] >> 1)
    elif bid != 0 or ask != 0:
        anchor = level_at(packed, bid + ask)["price"]
        centre = anchor
    return anchor, centre


@kernel
def new_window(packed: Record, width: int) -> int:
    """Address of an empty window."""
    size = trailing_zeros(uint64(width))
    window = packed["windows"][size]
    if window != 0:
        packed["windows"][size] = view(window, INTEGER)["value"]
        memset(window, np.int32(0), window_bytes(width))
    else:
        window = take(packed["arena"], window_bytes(width))
    return window


@kernel
def drop_window(packed: Record, head: Record) -> None:
    """The book has no window any more; another of its size may have its memory."""
    if head["width"] != 0:
        size = trailing_zeros(uint64(head["width"]))
        view(head["window"], INTEGER)["value"] = packed["windows"][size]
        packed["windows"][size] = head["window"]
    head["window"] = 0
    head["width"] = 0


@kernel
def lay_grid(packed: Record, head: Record, tick: int, anchor: int, centre: int, width: int) -> None:
    """A window without levels: ``width`` ticks around ``centre``, within the range of an int64."""
    below = (anchor - centre) // tick + width // 2
    base = int64(_SMALLEST)
    if anchor >= _SMALLEST + below * tick:
        base = anchor - below * tick
    else:
        base = anchor - int64(distance(anchor, _SMALLEST) // uint64(tick)) * tick
    highest = _LARGEST - width * tick
    if base > highest:
        base -= ((base - highest + tick - 1) // tick) * tick
    shift = trailing_zeros(uint64(tick))
    head["base"] = base
    head["inverse"] = inverse_of(uint64(tick) >> uint64(shift))
    head["shift"] = shift
    if int64(head["width"]) == width:
        memset(head["window"], np.int32(0), window_bytes(width))
    else:
        drop_window(packed, head)
        head["width"] = width
        head["window"] = new_window(packed, width)


@kernel
def scratch(packed: Record, size: int) -> int:
    """Address of ``size`` bytes until the next call."""
    if packed["scratch_bytes"] < size:
        free(packed["scratch"])
        packed["scratch"] = malloc(2 * size)
        packed["scratch_bytes"] = 2 * size
    return packed["scratch"]


@kernel
def lay_window(packed: Record, head: Record, price: int, probe: Record) -> None:
    """Move a book's window around the touch, so that it holds ``price`` if possible."""
    tally(probe, WINDOWS_LAID, 1)
    far_bids, far_asks = overflow_of(head, 0), overflow_of(head, 1)
    numbers = scratch(packed, (2 * int64(head["width"]) + far_bids["count"] + far_asks["count"]) * NUMBER_BYTES)
    total = collect(packed, head, numbers)
    anchor, centre = touch_of(packed, head, price)
    tick = distance(price, anchor)
    low, high = min(price, anchor), max(price, anchor)
    for index in range(total):
        other = level_at(packed, int64(view(numbers + index * NUMBER_BYTES, WORD)["value"]))["price"]
        step = distance(other, anchor)
        if tick == _ZERO or step % tick != _ZERO:
            tick = common_divisor(tick, step)
        low, high = min(low, other), max(high, other)
    if tick != _ZERO and tick < _LARGEST_TICK:
        span = int64(min(distance(high, low) // tick + _ONE, uint64(packed["widest"])))
        most = min(packed["widest"], max(int64(LEAST_WIDTH), packed["per_level"] * total))
        width = int64(LEAST_WIDTH)
        while width < span + span // 2 and 2 * width <= most:
            width *= 2
        # Do not centre on a touch that is wider than the window.
        if distance(anchor, centre) > uint64(width // 4) * tick:
            centre = anchor
        lay_grid(packed, head, int64(tick), anchor, centre, width)
    else:
        drop_window(packed, head)
    width = int64(head["width"])
    for index in range(total):
        number = int64(view(numbers + index * NUMBER_BYTES, WORD)["value"])
        level = level_at(packed, number)
        which = int64(level["owner"]) & 1
        ticks = tick_of(head, level["price"])
        if ticks < uint64(width):
            place = which * width + int64(ticks)
            numbers_at(head, place)["value"] = number
            put_bit(head, place)
            level["place"] = place
        else:
            overflow.put(overflow_of(head, which), key_of(level["price"], which), number)
            level["place"] = FAR
    renew_credit(head, total)


@kernel
def renew_credit(head: Record, total: int) -> None:
    """Number of free searches outside the window until a new one is made: about as many as cost the same, for ``total``
    levels and all places. If fewer other events than half as many came since the last window was made, it did not help;
    then the next attempts come later and later."""
    cost = total + (int64(head["width"]) >> 3)
    events = view(address_of(head) + HEAD_BYTES, BOOK)["events"]
    if events - head["laid"] - head["granted"] < cost >> 1:
        head["allowance"] = min(head["allowance"] * 2, int64(MOST_CREDIT))
    else:
        head["allowance"] = FIRST_CREDIT
    head["laid"] = events
    head["granted"] = head["allowance"] + cost
    head["credit"] = head["granted"]
