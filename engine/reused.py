"""Arrays that are reused once nothing refers to them any more, so that their memory pages stay mapped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import numpy.typing as npt

_KEPT: Final = 24
"""Arrays that a pool keeps. Any beyond these are freed when they are no longer in use."""


class Pool:
    """Arrays of one shape. The taker may keep an array, or views of it, for as long as needed."""

    def __init__(self, make: Callable[[], npt.NDArray[Any]]) -> None:
        self._make = make
        self._arrays: list[npt.NDArray[Any]] = []

    def take(self) -> npt.NDArray[Any]:
        """An array that is not in use."""
        for place in range(len(self._arrays)):
            # Two references: the list's, and the argument's. A view elsewhere would hold a third.
            if sys.getrefcount(self._arrays[place]) == 2:
                return self._arrays[place]
        self._arrays = [*self._arrays[1 - _KEPT :], self._make()]
        return self._arrays[-1]
