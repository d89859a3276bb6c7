"""The same steps, joined with their callers before anything is compiled."""

import numpy as np
from numba import njit

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@njit(inline="always")
def first(value):
    return (value ^ (value >> SHIFT)) * FACTOR  # first


@njit(inline="always")
def second(value):
    return (value ^ (value >> SHIFT)) * FACTOR  # second


@njit(inline="always")
def third(value):
    return (value ^ (value >> SHIFT)) * FACTOR  # third
