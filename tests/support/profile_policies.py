"""Kernels of a file of their own, inlined three deep into the one that is profiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from lobench.engine.compiling import kernel

_SHIFT = np.uint64(29)
_FACTOR = np.uint64(0xBF58476D1CE4E5B9)


@kernel
def inner(value: Any) -> Any:
    return (value ^ (value >> _SHIFT)) * _FACTOR  # inner works


@kernel
def middle(value: Any) -> Any:
    return inner(value)  # middle calls inner


@kernel
def outer(value: Any) -> Any:
    return middle(value)  # outer calls middle
