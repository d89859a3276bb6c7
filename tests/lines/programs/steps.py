"""A step on a line of a module of its own: for programs whose callees are elsewhere."""

import numpy as np
from numba import njit

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@njit
def first(value):
    return (value ^ (value >> SHIFT)) * FACTOR  # first


@njit
def second(value):
    return (value ^ (value >> SHIFT)) * FACTOR  # second


@njit
def third(value):
    return (value ^ (value >> SHIFT)) * FACTOR  # third
