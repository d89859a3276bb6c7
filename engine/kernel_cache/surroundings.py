"""What all kernels of a process have in common: versions, processor, and settings."""

from __future__ import annotations

import platform
import sys

import llvmlite
import numba
import numpy as np

from lobench.engine.kernel_cache import numba_internals, settings


def surroundings() -> list[str]:
    """Lines that begin the text of every key."""
    return [
        f"python {sys.version} {platform.python_implementation()} optimize={sys.flags.optimize}",
        f"numba {numba.__version__}, llvmlite {llvmlite.__version__}, numpy {np.__version__}",
        f"target {' '.join(numba_internals.target())}",
        f"first {settings.FIRST_OPTIMIZATION}, debug information by {numba_internals.debug_information()}",
        *settings.generator(),
    ]
