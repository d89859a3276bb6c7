"""Callees of another module, joined with the loop by Numba itself."""

import sys

import numpy as np
from joined_steps import first, second, third
from numba import njit


@njit
def run(light):
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for _ in range(light):
        one = first(one)
    for _ in range(4 * light):
        two = second(two)
    for _ in range(light):
        three = third(three)
    return one ^ two ^ three


print(run(int(sys.argv[1])))
