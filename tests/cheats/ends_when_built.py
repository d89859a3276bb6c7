"""Ends the process that builds its kernels."""

import os

from lobench.engine.policy import Layout
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    os._exit(7)


VARIANT = p4_hash_lookup.VARIANT.derive("ends when built", layout=Layout(name="ends_when_built", build=build))
