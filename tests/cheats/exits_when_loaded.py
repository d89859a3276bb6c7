"""Leaves the program when it is loaded."""

import sys

sys.exit(7)
