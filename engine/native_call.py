"""Passing records to a replay without Python in between, or through a bare Python method.

A probe times single calls, some of which take less time than a Python call. So it receives the address of the machine
code to call: that of the same kernel that a session times, which is not compiled again, or ``apply`` of a library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class NativeCall:
    """``function``: address of machine code that handles records for the object at ``target``; ``compiled``: it is a
    kernel and follows Numba's calling convention, otherwise it is ``apply`` of the C ABI."""

    function: int
    target: int
    compiled: bool


@dataclass(frozen=True)
class PythonCall:
    """``take(records[a:b])`` handles these of a chunk's ``records``."""

    take: Callable[[npt.NDArray[np.void]], Any]
    records: npt.NDArray[np.void]


Call: TypeAlias = NativeCall | PythonCall
