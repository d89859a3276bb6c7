"""A program that waits to be interrupted after its kernel has run."""

import sys
import time

from composition import steps

light = int(sys.argv[1])
steps(light, 4 * light)
print("ready", flush=True)
time.sleep(600)
