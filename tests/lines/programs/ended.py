"""A program that ends badly after its kernel has run."""

import sys

from composition import steps

steps(64, 64)
sys.exit(3)
