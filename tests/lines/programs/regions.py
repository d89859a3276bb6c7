"""A kernel that is called outside of any region, and within regions of two names."""

import sys

from composition import steps

import lobench

light = int(sys.argv[1])
steps(light, light)
with lobench.region("light"):
    steps(light, 0)
with lobench.region("heavy"):
    steps(0, 4 * light)
