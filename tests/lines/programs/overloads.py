"""A Python function that has another meaning in compiled code."""

import sys

import numpy as np
from numba import njit
from numba.extending import overload
from steps import first, second, third


def both(light):
    raise NotImplementedError


@overload(both)
def _both(light):
    def compiled(light):
        one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
        for _ in range(light):
            one = first(one)
        for _ in range(4 * light):
            two = second(two)
        for _ in range(light):
            three = third(three)
        return one ^ two ^ three

    return compiled


@njit
def run(light):
    return both(light)


print(run(int(sys.argv[1])))
