"""A generalized ufunc."""

import sys

import numpy as np
from numba import guvectorize

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@guvectorize(["void(uint64[:], int64, uint64[:])"], "(n),()->(n)")
def run(values, light, found):
    for place in range(values.shape[0]):
        one, two, three = values[place], values[place] + np.uint64(1), values[place] + np.uint64(2)
        for _ in range(light):
            one = (one ^ (one >> SHIFT)) * FACTOR  # first
        for _ in range(4 * light):
            two = (two ^ (two >> SHIFT)) * FACTOR  # second
        for _ in range(light):
            three = (three ^ (three >> SHIFT)) * FACTOR  # third
        found[place] = one ^ two ^ three


print(run(np.arange(8, dtype=np.uint64).reshape(2, 4), int(sys.argv[1])).sum())
