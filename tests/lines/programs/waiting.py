"""A program that waits to be interrupted after its kernel has run."""

import os
import sys
import time

from composition import steps

light = int(sys.argv[1])
steps(light, 4 * light)
print("ready", os.getpid(), flush=True)
time.sleep(600)
