"""A parallel loop; each of its rounds has the composition."""

import sys

import numpy as np
from numba import njit, prange

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)
ROUNDS = 8


@njit(parallel=True)
def run(light):
    found = np.empty(ROUNDS, np.uint64)
    for place in prange(ROUNDS):
        one, two, three = np.uint64(place), np.uint64(place + 1), np.uint64(place + 2)
        for _ in range(light):
            one = (one ^ (one >> SHIFT)) * FACTOR  # first
        for _ in range(4 * light):
            two = (two ^ (two >> SHIFT)) * FACTOR  # second
        for _ in range(light):
            three = (three ^ (three >> SHIFT)) * FACTOR  # third
        found[place] = one ^ two ^ three
    return found


print(run(int(sys.argv[1])).sum())
