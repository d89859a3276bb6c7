"""Callees of another module, inlined."""

import sys

import numpy as np
from numba import njit
from steps import first, second, third


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
