"""A ufunc that is compiled at once, and one that is compiled when it is called."""

import sys

import numpy as np
from numba import vectorize
from steps import first, second, third


@vectorize(["uint64(uint64, int64)"])
def eager(value, light):
    one = two = value
    for _ in range(light):
        one = first(one)
    for _ in range(4 * light):
        two = second(two)
    return one ^ two


@vectorize
def lazy(value, light):
    three = value
    for _ in range(light):
        three = third(three)
    return three


values = np.arange(8, dtype=np.uint64)
light = int(sys.argv[1])
print((eager(values, light) ^ lazy(values, light)).sum())
