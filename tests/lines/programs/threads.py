"""Two threads that run a kernel at once, each half of the work, while a third one compiles another."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

SHIFT = np.uint64(29)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@njit(nogil=True)
def run(light):
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for _ in range(light):
        one = (one ^ (one >> SHIFT)) * FACTOR  # first
    for _ in range(4 * light):
        two = (two ^ (two >> SHIFT)) * FACTOR  # second
    for _ in range(light):
        three = (three ^ (three >> SHIFT)) * FACTOR  # third
    return one ^ two ^ three


@njit
def other(value):
    return value + 1


light = int(sys.argv[1])
run(0)
with ThreadPoolExecutor(3) as pool:
    halves = [pool.submit(run, light // 2) for _ in range(2)]
    pool.submit(other, 1).result()
    print([half.result() for half in halves])
