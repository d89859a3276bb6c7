"""A function that Numba keeps in its cache."""

import sys

import numpy as np
from numba import njit

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@njit(cache=True)
def steps(light, heavy):
    first, second, third = np.uint64(1), np.uint64(2), np.uint64(3)
    for _ in range(light):
        first = (first ^ (first >> SHIFT)) * FACTOR  # first
    for _ in range(heavy):
        second = (second ^ (second >> SHIFT)) * FACTOR  # second
    for _ in range(light):
        third = (third ^ (third >> SHIFT)) * FACTOR  # third
    return first ^ second ^ third


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(steps(count, 4 * count))
