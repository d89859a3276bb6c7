"""The order in which variants take their turns: a stream of randomised Williams designs.

In ``count`` consecutive slices each variant has each position once (every block is a Latin square). Within such squares
each variant also follows each other one equally often (for an odd number: over two blocks), because the contents of the
caches depend on the variant before. Source: E. J. Williams, "Experimental designs balanced for the estimation of
residual effects of treatments", Australian Journal of Scientific Research A 2 (1949).
"""

from __future__ import annotations

import random
from collections.abc import Iterator


def orders(count: int, rng: random.Random) -> Iterator[list[int]]:
    """Without end, orders of ``range(count)``; names and rows of each design are shuffled."""
    while True:
        names = rng.sample(range(count), count)
        for square in williams(count):
            for row in rng.sample(square, count):
                yield [names[place] for place in row]


def williams(count: int) -> list[list[list[int]]]:
    """One Latin square, shape (count, count), for an even number; a square and its mirror for an odd one."""
    zigzag = [(step + 1) // 2 if step % 2 else count - step // 2 for step in range(count)]
    square = [[(start + row) % count for start in zigzag] for row in range(count)]
    if count % 2 == 0:
        return [square]
    return [square, [row[::-1] for row in square]]
