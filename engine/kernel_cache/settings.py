"""The settings that machine code depends on beside its source: their present values, however they were set."""

from __future__ import annotations

from typing import Any

import numba

_WITHOUT_EFFECT = (
    "CACHE_DIR",
    "CACHE_LOCATOR_CLASSES",
    "CUDA_",
    "COLOR_SCHEME",
    "DEBUG_CACHE",
    "DISABLE_CUDA",
    "ENABLE_CUDASIM",
    "FORCE_CUDA_CC",
    "GDB_BINARY",
    "NUMBA_DEFAULT_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "SHOW_HELP",
    "THREADING_LAYER",
    "_HAVE_YAML",
)
"""Beginnings of names in ``numba.config`` that change no code of the CPU's; all others count, known to us or not."""

_OF_THE_MACHINE = ("CPU_NAME", "CPU_FEATURES", "ENABLE_AVX", "USING_SVML", "IS_", "MACHINE_BITS", "PYVERSION")

config: dict[str, Any] = vars(numba.config)
FIRST_OPTIMIZATION = repr(config["OPT"])
"""Numba's target machine is made once, with the level of that time; passes take the level of now."""


def generator(*, of_the_machine: bool = True) -> list[str]:
    """``NAME=value`` of each setting of Numba's code generator; without those that come of the processor alone, if
    asked."""
    left_out = _WITHOUT_EFFECT if of_the_machine else _WITHOUT_EFFECT + _OF_THE_MACHINE
    return [
        f"{name}={value!r} {getattr(value, 'is_opt_max', '')}".rstrip()
        for name, value in sorted(config.items())
        if name.isupper() and not name.startswith(left_out)
    ]
