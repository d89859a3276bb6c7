"""A compiled class: its methods, called from Python and from each other."""

import sys

import numpy as np
from numba import types
from numba.experimental import jitclass

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@jitclass([("one", types.uint64), ("two", types.uint64), ("three", types.uint64)])
class Steps:
    def __init__(self):
        self.one, self.two, self.three = np.uint64(1), np.uint64(2), np.uint64(3)

    def run(self, light):
        one, two, three = self.one, self.two, self.three
        for _ in range(light):
            one = (one ^ (one >> SHIFT)) * FACTOR  # first
        for _ in range(4 * light):
            two = (two ^ (two >> SHIFT)) * FACTOR  # second
        for _ in range(light):
            three = (three ^ (three >> SHIFT)) * FACTOR  # third
        self.one, self.two, self.three = one, two, three

    def found(self, light):
        self.run(light)
        return self.one ^ self.two ^ self.three


print(Steps().found(int(sys.argv[1])))
