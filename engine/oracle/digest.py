"""The 64-bit digests: how numbers, features, strategies and books are hashed."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterable
from typing import Final

from lobench.engine.oracle.book import Book
from lobench.engine.records import ASK, BID

MASK: Final = 2**64 - 1

CANONICAL_NAN: Final = 0x7FF8000000000000


def fold(h: int, v: int) -> int:
    """The hash ``h`` with the value ``v`` taken in; v may be negative, it counts modulo 2^64."""
    z = ((h ^ v) * 0x9E3779B97F4A7C15) & MASK
    return z ^ (z >> 32)


def mix(z: int) -> int:
    """Finalizer of splitmix64 (Steele, Lea and Flood 2014), a bijection of the 64-bit integers."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def coefficient(i: int) -> int:
    """K(i): the odd number by which the i-th value of a sum is multiplied."""
    return mix(i + 1) | 1


# Enough for 24 features and for 3 values of each of 4 strategies.
K: Final = tuple(coefficient(i) for i in range(24))


def bits(x: float) -> int:
    """The 64 bits of a double as an unsigned integer; every NaN as the same one."""
    if math.isnan(x):
        return CANONICAL_NAN
    (pattern,) = struct.unpack("<Q", struct.pack("<d", x))
    return int(pattern)


def features_value(features: Iterable[float]) -> int:
    """The value that one evaluation's features fold into the book's feature hash."""
    return sum(bits(x) * K[i] for i, x in enumerate(features)) & MASK


def strategies_value(accounts: Iterable[tuple[int, float, float]]) -> int:
    """The value that one evaluation's (position, cash, equity) per strategy fold into the book's strategy hash."""
    total = 0
    for k, (position, cash, equity) in enumerate(accounts):
        total += position * K[3 * k] + bits(cash) * K[3 * k + 1] + bits(equity) * K[3 * k + 2]
    return total & MASK


LOWEST: Final = -sys.float_info.max
ROTATIONS: Final = (7, 23, 39, 55)


def trace_bits(x: float) -> int:
    """The 64 bits of a double; of a NaN or minus infinity those of the lowest finite double."""
    return bits(x if x > LOWEST else LOWEST)


def rotated(value: int, places: int) -> int:
    """64 bits turned to the left."""
    return (value << places | value >> (64 - places)) & MASK


def row_trace(key: int, n: int, quotes: Iterable[int], features: Iterable[float], signals: Iterable[int]) -> int:
    """The term of the trace for the evaluation at event ``n`` of the book ``key``. ``quotes``: best bid's price and
    size, best ask's price and size."""
    lanes = [0, 0, 0, 0]
    for values in (quotes, map(trace_bits, features), signals):
        for i, value in enumerate(values):
            lanes[i % 4] += value
    turned = (rotated(lane & MASK, places) for lane, places in zip(lanes, ROTATIONS, strict=True))
    return fold((key * 0x9E3779B97F4A7C15 + n) & MASK, sum(turned) & MASK)


def book_state(book: Book) -> int:
    """Hash of everything that rests in the book, in order of price and of time."""
    h = 0
    for side in (BID, ASK):
        levels = book.levels(side)
        h = fold(h, len(levels))
        for price, size, count, orders in levels:
            for value in (price, size, count):
                h = fold(h, value)
            for order_id, order_size in orders:
                h = fold(h, order_id)
                h = fold(h, order_size)
    return h


def book_key(instrument_id: int, publisher_id: int) -> int:
    """The number of a book in a replay's digests."""
    return instrument_id * 65536 + publisher_id


def combine(hashes: Iterable[tuple[int, int]]) -> int:
    """A replay's digest, from the (key, H) of all its books in any order."""
    return sum(mix(h ^ mix(key)) for key, h in hashes) & MASK
