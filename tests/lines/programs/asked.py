"""A program that asks whether Numba is there before it loads it, as libraries do that can do without."""

import importlib.util
import sys

if importlib.util.find_spec("numba"):
    from cached import steps

    light = int(sys.argv[1])
    print(steps(light, 4 * light))
