"""How a replay is handed records without Python in between, or by a Python method with nothing around it.

A probe times single calls, some of which take less than Python needs to make one. So it is told which machine code to
call: that of the very kernel that a session times, which is not compiled anew for it, or ``apply`` of a library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class NativeCall:
    """``function``: address of machine code that handles records for what is at ``target``; ``compiled``: it is a
    kernel and follows Numba's calling convention, else it is ``apply`` of the C ABI."""

    function: int
    target: int
    compiled: bool


@dataclass(frozen=True)
class PythonCall:
    """``take(records[a:b])`` handles these of a chunk's ``records``."""

    take: Callable[[npt.NDArray[np.void]], Any]
    records: npt.NDArray[np.void]


Call: TypeAlias = NativeCall | PythonCall
