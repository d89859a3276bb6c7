"""Functions that a factory makes of others."""

import sys

import numpy as np
from numba import njit

SHIFT = np.uint64(29)


def made(factor):
    @njit
    def run(light):
        one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
        for _ in range(light):
            one = (one ^ (one >> SHIFT)) * factor  # first
        for _ in range(4 * light):
            two = (two ^ (two >> SHIFT)) * factor  # second
        for _ in range(light):
            three = (three ^ (three >> SHIFT)) * factor  # third
        return one ^ two ^ three

    @njit
    def outer(light):
        return run(light)

    return outer


print(made(np.uint64(0xBF58476D1CE4E5B9))(int(sys.argv[1])))
